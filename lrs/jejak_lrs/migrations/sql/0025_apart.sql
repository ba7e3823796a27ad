-- A generation's evidence and profiles are tables of their own, partitions of what is read. To drop
-- a generation was to delete its rows one by one, and what they left slowed whoever wrote after
-- them, the next rebuild by a quarter.

ALTER TABLE evidence RENAME TO evidence_before;
ALTER TABLE evidence_before DROP CONSTRAINT evidence_pk;
DROP INDEX evidence_person, evidence_provider, evidence_party, evidence_offering,
    evidence_competency, evidence_agency, evidence_home, evidence_assessor;
CREATE TABLE evidence (
    LIKE evidence_before INCLUDING CONSTRAINTS,
    CONSTRAINT evidence_pk PRIMARY KEY (generation, position, ordinal)
) PARTITION BY LIST (generation);
CREATE INDEX evidence_person ON evidence (generation, person_id);
CREATE INDEX evidence_provider ON evidence (generation, provider);
CREATE INDEX evidence_party ON evidence (generation, party) WHERE party <> provider;
CREATE INDEX evidence_offering ON evidence (generation, offering) WHERE offering IS NOT NULL;
CREATE INDEX evidence_competency ON evidence (generation, competency) WHERE competency IS NOT NULL;
CREATE INDEX evidence_agency ON evidence (generation, agency) WHERE agency IS NOT NULL;
CREATE INDEX evidence_home ON evidence (generation, home) WHERE home IS NOT NULL;
CREATE INDEX evidence_assessor ON evidence (generation, assessor) WHERE assessor IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON evidence TO jejak_projector;
GRANT SELECT ON evidence TO jejak_reader, jejak_auditor;

DROP VIEW agency_profile;
ALTER TABLE profile RENAME TO profile_before;
ALTER TABLE profile_before DROP CONSTRAINT profile_pk;
DROP INDEX profile_home, profile_working, profile_turns;
CREATE TABLE profile (
    LIKE profile_before INCLUDING CONSTRAINTS,
    CONSTRAINT profile_pk PRIMARY KEY (generation, person_id)
) PARTITION BY LIST (generation);
CREATE INDEX profile_home ON profile (generation, home);
CREATE INDEX profile_working ON profile (generation, working);
CREATE INDEX profile_turns ON profile (generation, turns_on) WHERE turns_on IS NOT NULL;
-- The same as before: a digit sixty-four times over took PostgreSQL 5 us to look for, at each write.
ALTER TABLE profile DROP CONSTRAINT profile_digest;
ALTER TABLE profile
    ADD CONSTRAINT profile_digest CHECK (length(digest) = 64 AND digest ~ '^[0-9a-f]*$');
GRANT SELECT, INSERT, UPDATE, DELETE ON profile TO jejak_projector;
GRANT SELECT ON profile TO jejak_publisher, jejak_reader, jejak_auditor;
GRANT SELECT (generation, person_id, version, digest, document, assessed_to, home, working)
    ON profile TO jejak_agency;
ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
CREATE POLICY duty ON profile TO jejak_projector USING (true) WITH CHECK (true);
CREATE POLICY reading ON profile FOR SELECT
    TO jejak_publisher, jejak_reader, jejak_auditor USING (true);
CREATE POLICY own_people ON profile FOR SELECT TO jejak_agency
    USING ((SELECT own_agency()) IN (home, working));
CREATE VIEW agency_profile WITH (security_invoker = true) AS
    SELECT person_id, version, digest, document::jsonb AS document, assessed_to, home, working
    FROM profile WHERE generation = (SELECT active FROM generation);
GRANT SELECT ON agency_profile TO jejak_agency, jejak_reader;

-- Room for a generation. To attach stops nobody who reads or writes another's.
CREATE FUNCTION projection_make_room(a_generation integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole text;
    part text;
BEGIN
    FOREACH whole IN ARRAY ARRAY['evidence', 'profile'] LOOP
        part := format('%s_g%s', whole, a_generation);
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING CONSTRAINTS)', part, whole);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES IN (%s)',
                       whole, part, a_generation);
    END LOOP;
    -- Migration 0021: room in the pages of profiles, so that a newer version touches no index.
    EXECUTE format('ALTER TABLE public.%I SET (fillfactor = 70)', part);
END
$$;
REVOKE ALL ON FUNCTION projection_make_room(integer) FROM PUBLIC;

-- Drops one table of a generation that nobody uses; whether there was one. One in a transaction:
-- it waits until nobody reads the whole, and everybody for it, so it does not wait long.
CREATE FUNCTION projection_drop(a_generation integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s' AS $$
DECLARE
    part regclass := coalesce(to_regclass(format('public.evidence_g%s', a_generation)),
                              to_regclass(format('public.profile_g%s', a_generation)));
BEGIN
    IF EXISTS (SELECT FROM public.generation WHERE a_generation IN (active, kept))
        OR EXISTS (SELECT FROM public.rebuild WHERE generation = a_generation) THEN
        RAISE EXCEPTION 'generation % is in use', a_generation
            USING ERRCODE = 'object_in_use';
    END IF;
    IF part IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %s', part);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION projection_drop(integer) FROM PUBLIC;

-- Migration 0022, of the one generation, and of as many rows as tell how many there are.
DROP FUNCTION projection_analyze();
CREATE FUNCTION projection_analyze(a_generation integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET default_statistics_target = 10 AS $$
BEGIN
    EXECUTE format('ANALYZE public.%I (person_id)', 'evidence_g' || a_generation);
    EXECUTE format('ANALYZE public.%I (person_id, home, working, turns_on)',
                   'profile_g' || a_generation);
    ANALYZE public.person_merge;
END
$$;
REVOKE ALL ON FUNCTION projection_analyze(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection_make_room(integer), projection_drop(integer),
    projection_analyze(integer) TO jejak_projector;

SELECT projection_make_room(number) FROM
    (SELECT unnest(ARRAY[active, kept]) FROM generation UNION SELECT generation FROM rebuild)
    AS used (number) WHERE number IS NOT NULL;
INSERT INTO evidence SELECT e.* FROM evidence_before e JOIN generation ON e.generation IN (active, kept)
    UNION ALL SELECT e.* FROM evidence_before e JOIN rebuild USING (generation);
INSERT INTO profile SELECT p.* FROM profile_before p JOIN generation ON p.generation IN (active, kept)
    UNION ALL SELECT p.* FROM profile_before p JOIN rebuild USING (generation);
DROP TABLE evidence_before, profile_before;
