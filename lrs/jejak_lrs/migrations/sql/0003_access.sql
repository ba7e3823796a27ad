-- What people do with quarantine, and every look at a person's number. Both append-only.

-- A step in the life of a quarantined message. Its row keeps what was delivered and why it was
-- refused then; only its status moves, in the transaction that adds the step saying so.
CREATE TABLE handling (
    number   bigint      NOT NULL, -- the message's, in quarantine
    handled  timestamptz NOT NULL DEFAULT clock_timestamp(),
    act      text        NOT NULL,
    who      text        NOT NULL,
    reason   text,                 -- refused: the reason of today; discarded: the person's words
    field    text,
    position bigint,               -- redriven: the record that it became or met
    CONSTRAINT handling_pk PRIMARY KEY (number, handled),
    CONSTRAINT handling_act CHECK (act IN ('redriven', 'refused', 'discarded')),
    CONSTRAINT handling_reason CHECK ((act = 'redriven') = (reason IS NULL)),
    CONSTRAINT handling_position CHECK ((act = 'redriven') = (position IS NOT NULL))
);

-- Who looked at a person's number, at what, and what for. Role and time are the server's own words.
CREATE TABLE access (
    id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    role    text        NOT NULL DEFAULT session_user,
    who     text        NOT NULL,
    what    text        NOT NULL,
    purpose text        NOT NULL,
    CONSTRAINT access_pk PRIMARY KEY (id),
    CONSTRAINT access_purpose CHECK (purpose ~ '\S')
);

SELECT ledger_protect(name::regclass, 'UPDATE OR DELETE OR TRUNCATE')
FROM unnest(ARRAY['handling', 'access']) AS name;

GRANT SELECT ON handling TO jejak_writer, jejak_reader, jejak_auditor;
GRANT INSERT (number, act, who, reason, field, position) ON handling TO jejak_writer;
GRANT SELECT ON access TO jejak_reader, jejak_auditor;
GRANT INSERT (who, what, purpose) ON access TO jejak_auditor;
