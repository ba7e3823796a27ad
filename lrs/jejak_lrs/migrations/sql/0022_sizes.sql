-- Of a generation that PostgreSQL has not seen in a table it believes that no row is there, so any
-- index will do. A rebuild lets it look once it has written: before, each part of a thousand persons
-- went through everybody's evidence.

-- Before PostgreSQL 17 there is no such right: then only autovacuum looks.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 170000 THEN
        GRANT MAINTAIN ON evidence, person_merge, profile TO jejak_projector;
    END IF;
END
$$;
