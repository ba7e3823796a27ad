-- Words that records repeat. The verb of each event type stands here once, and a record's is null
-- where it is the same (jejak_lrs.verbs); records of before keep theirs.

CREATE TABLE event_verb (
    event_type text NOT NULL,
    verb       text NOT NULL,
    CONSTRAINT event_verb_pk PRIMARY KEY (event_type)
);
SELECT ledger_protect('event_verb', 'UPDATE OR DELETE OR TRUNCATE');
GRANT SELECT ON event_verb TO jejak_writer, jejak_projector, jejak_publisher, jejak_reader,
    jejak_auditor;

ALTER TABLE record ALTER COLUMN verb DROP NOT NULL;

-- Codes with a space between: an array takes 24 bytes before its first one. PostgreSQL writes the
-- table anew for this; the values, and so the commitments, stay what they are.
ALTER TABLE record ALTER COLUMN warnings TYPE text USING array_to_string(warnings, ' ');
