-- Who is one with whom, by BKN's word: rows of the projection, made anew from the ledger like the
-- rest of it. A merge stands unless a split names it, whichever came first.
CREATE TABLE person_merge (
    generation   integer     NOT NULL,
    position     bigint      NOT NULL,
    statement_id uuid        NOT NULL,
    stays        uuid        NOT NULL,
    absorbed     uuid        NOT NULL,
    occurred_at  timestamptz NOT NULL,
    CONSTRAINT person_merge_pk PRIMARY KEY (generation, position)
);
CREATE INDEX person_merge_stays ON person_merge (generation, stays);
CREATE INDEX person_merge_absorbed ON person_merge (generation, absorbed);
CREATE INDEX person_merge_statement ON person_merge (generation, statement_id);

CREATE TABLE person_split (
    generation integer NOT NULL,
    position   bigint  NOT NULL,
    target     uuid    NOT NULL, -- the merge's statement
    CONSTRAINT person_split_pk PRIMARY KEY (generation, position)
);
CREATE INDEX person_split_target ON person_split (generation, target);

GRANT SELECT, INSERT, UPDATE, DELETE ON person_merge, person_split TO jejak_projector;
GRANT SELECT ON person_merge, person_split TO jejak_publisher, jejak_reader, jejak_auditor;

-- Whom a merge of assessors touches, and whom the restructuring of a home agency.
CREATE INDEX evidence_assessor ON evidence (generation, (document ->> 'assessor'))
    WHERE document ->> 'assessor' IS NOT NULL;
CREATE INDEX evidence_home ON evidence (generation, (document ->> 'home'))
    WHERE document ->> 'home' IS NOT NULL;
