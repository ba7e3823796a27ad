-- Projections: everything here can be made anew from the ledger. Rows carry a generation, so that
-- a rebuild can grow beside the live one. Written by jejak_projector alone, in the transaction
-- that moves its cursor.

-- Which generation is read. A switch locks the cursors of both and moves this.
CREATE TABLE generation (
    one    boolean NOT NULL DEFAULT true,
    active integer NOT NULL,
    CONSTRAINT generation_pk PRIMARY KEY (one),
    CONSTRAINT generation_one CHECK (one)
);
INSERT INTO generation (active) VALUES (1);

-- What was said: one row per fact (jejak_lrs.competency.facts). What it counts for is not here.
-- arrived: the position at which it became the person's: its own, or, for a void that came before
-- its target, the target's.
CREATE TABLE evidence (
    generation   integer NOT NULL,
    position     bigint  NOT NULL,
    ordinal      integer NOT NULL, -- within the record
    person_id    uuid    NOT NULL,
    arrived      bigint  NOT NULL,
    kind         text    NOT NULL,
    statement_id uuid    NOT NULL,
    party        text    NOT NULL,
    provider     text    NOT NULL, -- on_behalf_of if present, else party
    offering     text,
    competency   text,
    agency       text,             -- a posting's working agency
    document     jsonb   NOT NULL,
    CONSTRAINT evidence_pk PRIMARY KEY (generation, position, ordinal),
    CONSTRAINT evidence_arrived CHECK (arrived >= position)
);
CREATE INDEX evidence_person ON evidence (generation, person_id);
CREATE INDEX evidence_provider ON evidence (generation, provider);
CREATE INDEX evidence_party ON evidence (generation, party) WHERE party <> provider;
CREATE INDEX evidence_offering ON evidence (generation, offering) WHERE offering IS NOT NULL;
CREATE INDEX evidence_competency ON evidence (generation, competency) WHERE competency IS NOT NULL;
CREATE INDEX evidence_agency ON evidence (generation, agency) WHERE agency IS NOT NULL;

-- One row per person. document is canonical JSON, byte for byte what digest hashes; text, because
-- jsonb would reorder it. home and working are the agencies that were told of the person last.
CREATE TABLE profile (
    generation  integer NOT NULL,
    person_id   uuid    NOT NULL,
    version     bigint  NOT NULL, -- grows only when the document differs
    digest      text    NOT NULL,
    document    text    NOT NULL,
    assessed_to bigint  NOT NULL, -- registry and evidence up to this position
    home        text,
    working     text,
    CONSTRAINT profile_pk PRIMARY KEY (generation, person_id),
    CONSTRAINT profile_version CHECK (version > 0),
    CONSTRAINT profile_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT profile_agencies CHECK ((home IS NULL) = (working IS NULL))
);
CREATE INDEX profile_home ON profile (generation, home);
CREATE INDEX profile_working ON profile (generation, working);

-- What agencies are told. kind is a class of jejak_schemas.outgoing; content its own fields.
-- kind ProfileState has no content: the person's state of then or later goes to the profile topic.
CREATE TABLE change (
    number             bigint      NOT NULL,
    change_id          uuid        NOT NULL,
    person_id          uuid        NOT NULL,
    kind               text        NOT NULL,
    version            bigint      NOT NULL,
    changed_at         timestamptz NOT NULL, -- stored time of the record that caused it
    agencies           text[]      NOT NULL, -- to whom it goes, and
    relations          text[]      NOT NULL, -- what each is to the person
    content            jsonb       NOT NULL,
    because_position   bigint      NOT NULL,
    because_statement  uuid        NOT NULL,
    because_rule       text        NOT NULL,
    CONSTRAINT change_pk PRIMARY KEY (number),
    CONSTRAINT change_id_once UNIQUE (change_id),
    CONSTRAINT change_routes CHECK (cardinality(agencies) = cardinality(relations))
);
CREATE INDEX change_person ON change (person_id, number);

-- change.number comes from here, under its lock until commit: in commit order, without gaps.
CREATE TABLE change_head (
    one         boolean NOT NULL DEFAULT true,
    next_number bigint  NOT NULL,
    CONSTRAINT change_head_pk PRIMARY KEY (one),
    CONSTRAINT change_head_one CHECK (one)
) WITH (fillfactor = 20);
INSERT INTO change_head (next_number) VALUES (0);

-- Whom a registry record may have touched; drained in chunks. Until then they are pending.
CREATE TABLE refold (
    generation   integer     NOT NULL,
    person_id    uuid        NOT NULL,
    position     bigint      NOT NULL, -- the latest registry record that touches them
    statement_id uuid        NOT NULL,
    stored       timestamptz NOT NULL,
    CONSTRAINT refold_pk PRIMARY KEY (generation, person_id)
);

-- ---------------------------------------------------------------------------------------------
-- Grants. An agency reads its own people, through views with its own rights.

GRANT SELECT, INSERT, UPDATE, DELETE ON evidence, profile, refold TO jejak_projector;
GRANT SELECT, INSERT ON change TO jejak_projector;
GRANT SELECT, UPDATE ON change_head TO jejak_projector;
GRANT SELECT, UPDATE ON generation TO jejak_projector;
GRANT SELECT ON generation, profile, change, change_head TO jejak_publisher;
GRANT SELECT ON generation, evidence, profile, change, change_head, refold
    TO jejak_reader, jejak_auditor;

-- The code of the agency that is logged in; null for any other role.
CREATE FUNCTION own_agency() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN substring(current_user FROM '^jejak_agency_(.+)$');

ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE change ENABLE ROW LEVEL SECURITY;
CREATE POLICY duty ON profile TO jejak_projector USING (true) WITH CHECK (true);
CREATE POLICY duty ON change TO jejak_projector USING (true) WITH CHECK (true);
CREATE POLICY reading ON profile FOR SELECT
    TO jejak_publisher, jejak_reader, jejak_auditor USING (true);
CREATE POLICY reading ON change FOR SELECT
    TO jejak_publisher, jejak_reader, jejak_auditor USING (true);
CREATE POLICY own_people ON profile FOR SELECT TO jejak_agency
    USING (own_agency() IN (home, working));
CREATE POLICY own_people ON change FOR SELECT TO jejak_agency
    USING (own_agency() = ANY (agencies));

CREATE VIEW agency_profile WITH (security_invoker = true) AS
    SELECT person_id, version, digest, document::jsonb AS document, assessed_to, home, working
    FROM profile
    WHERE generation = (SELECT active FROM generation);

CREATE VIEW agency_change WITH (security_invoker = true) AS
    SELECT number, change_id, person_id, kind, version, changed_at, content,
           because_position, because_statement, because_rule
    FROM change
    WHERE kind <> 'ProfileState';

GRANT SELECT ON agency_profile, agency_change, generation TO jejak_agency;
GRANT SELECT (generation, person_id, version, digest, document, assessed_to, home, working)
    ON profile TO jejak_agency;
GRANT SELECT (number, change_id, person_id, kind, version, changed_at, agencies, content,
              because_position, because_statement, because_rule)
    ON change TO jejak_agency;
GRANT SELECT ON agency_profile, agency_change TO jejak_reader;
