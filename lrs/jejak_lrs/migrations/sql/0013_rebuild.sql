-- A rebuild makes a generation beside the one that is read. See jejak_lrs.rebuild.

-- last: the greatest number ever given to a generation. kept: the one that was read before, fed on
-- for a rollback. switched: when the pointer moved. restating: agencies are still to be told where
-- the two differ; they have been, of persons up to restated_to.
ALTER TABLE generation
    ADD COLUMN last        integer NOT NULL DEFAULT 1,
    ADD COLUMN kept        integer,
    ADD COLUMN switched    timestamptz,
    ADD COLUMN restating   boolean NOT NULL DEFAULT false,
    ADD COLUMN restated_to uuid,
    ADD CONSTRAINT generation_kept CHECK (kept <> active AND kept <= last AND active <= last),
    ADD CONSTRAINT generation_restating CHECK (kept IS NOT NULL OR NOT restating);

-- The generation that is being made: from the records up to `upto`, then on from `position`.
CREATE TABLE rebuild (
    generation integer NOT NULL,
    upto       bigint  NOT NULL,
    phase      text    NOT NULL,
    position   bigint  NOT NULL, -- its cursor, once it follows
    CONSTRAINT rebuild_pk PRIMARY KEY (generation),
    CONSTRAINT rebuild_phase CHECK (phase IN ('extract', 'assess', 'follow'))
);

-- What its workers take one after the other: positions, or persons, low and high included.
CREATE TABLE rebuild_part (
    generation integer NOT NULL,
    phase      text    NOT NULL,
    number     integer NOT NULL,
    low        text    NOT NULL,
    high       text    NOT NULL,
    done       boolean NOT NULL DEFAULT false,
    CONSTRAINT rebuild_part_pk PRIMARY KEY (generation, phase, number)
);

-- 0: nobody was told of this profile; so of a generation that is made or kept.
ALTER TABLE profile DROP CONSTRAINT profile_version;
ALTER TABLE profile ADD CONSTRAINT profile_version CHECK (version >= 0);

GRANT SELECT, INSERT, UPDATE, DELETE ON rebuild, rebuild_part TO jejak_projector;
GRANT SELECT ON rebuild, rebuild_part TO jejak_reader, jejak_auditor;
