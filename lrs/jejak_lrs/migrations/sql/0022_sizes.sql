-- Of a generation that PostgreSQL has not seen in a table it believes that no row is there, so any
-- index will do. A rebuild lets it look once it has written: before, each part of a thousand persons
-- went through everybody's evidence. A function, for only an owner may let it, before PostgreSQL 17.

CREATE FUNCTION projection_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE public.evidence (generation, person_id);
    ANALYZE public.person_merge;
    ANALYZE public.profile (generation, person_id, home, working, turns_on);
END
$$;
REVOKE ALL ON FUNCTION projection_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection_analyze() TO jejak_projector;
