-- A registry record that reaches many persons: evidence is looked through for them, page by page.
CREATE TABLE refold_reach (
    generation   integer     NOT NULL,
    position     bigint      NOT NULL, -- the record
    statement_id uuid        NOT NULL,
    stored       timestamptz NOT NULL,
    reach        jsonb       NOT NULL, -- values by column of evidence; empty: everyone
    looked       uuid,                 -- persons up to here are in refold; null: none yet
    CONSTRAINT refold_reach_pk PRIMARY KEY (generation, position)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON refold_reach TO jejak_projector;
GRANT SELECT ON refold_reach TO jejak_reader, jejak_auditor;

-- What facts name beside their person, for that look-up. document is read by us alone, and never
-- asked for what is in it: text costs less than jsonb.
DROP INDEX evidence_assessor;
DROP INDEX evidence_home;
ALTER TABLE evidence
    ADD COLUMN home     text, -- a posting's home agency
    ADD COLUMN assessor uuid;
UPDATE evidence SET home = document ->> 'home', assessor = (document ->> 'assessor')::uuid
    WHERE document ? 'home' OR document ? 'assessor';
ALTER TABLE evidence ALTER COLUMN document TYPE text;
CREATE INDEX evidence_home ON evidence (generation, home) WHERE home IS NOT NULL;
CREATE INDEX evidence_assessor ON evidence (generation, assessor) WHERE assessor IS NOT NULL;
