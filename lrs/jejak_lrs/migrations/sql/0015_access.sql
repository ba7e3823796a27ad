-- Looks at numbers of persons are numbered without gaps, and each holds the hash of the one before:
-- whoever changes, inserts or removes one must rewrite all that follow, and an auditor who noted the
-- last one finds that (jejak_lrs.audit.accesses).

ALTER TABLE access ADD COLUMN number bigint;
ALTER TABLE access ADD COLUMN chain bytea;

-- SHA-256 over the last one's, and a look in the canonical encoding of seal.py.
CREATE FUNCTION access_chain(before bytea, a_number bigint, a_time timestamptz, VARIADIC words text[])
RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(before || '\x01'::bytea
        || int4send(8) || int8send(a_number)
        || int4send(8) || int8send((extract(epoch FROM a_time) * 1000000)::bigint)
        || (SELECT string_agg(int4send(octet_length(convert_to(w, 'UTF8'))) || convert_to(w, 'UTF8'),
                              ''::bytea ORDER BY i) FROM unnest(words) WITH ORDINALITY AS t (w, i)))
$$;

ALTER TABLE access DISABLE TRIGGER append_only;
DO $$
DECLARE
    look public.access;
    n bigint := 0;
    last bytea := '';
BEGIN
    FOR look IN SELECT * FROM public.access ORDER BY at, id LOOP
        last := public.access_chain(
            last, n, look.at, look.role, look.who, look.what, look.purpose);
        UPDATE public.access SET number = n, chain = last WHERE id = look.id;
        n := n + 1;
    END LOOP;
END
$$;
ALTER TABLE access ENABLE ALWAYS TRIGGER append_only;

ALTER TABLE access ALTER COLUMN number SET NOT NULL;
ALTER TABLE access ALTER COLUMN chain SET NOT NULL;
ALTER TABLE access ADD CONSTRAINT access_number_once UNIQUE (number);

-- Role and time are the server's own words. Two at once follow each other.
CREATE FUNCTION access_note(a_who text, a_what text, a_purpose text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n bigint;
    last bytea;
    now timestamptz := clock_timestamp();
BEGIN
    LOCK TABLE public.access IN SHARE ROW EXCLUSIVE MODE;
    SELECT number + 1, chain INTO n, last FROM public.access ORDER BY number DESC LIMIT 1;
    n := coalesce(n, 0);
    INSERT INTO public.access (at, role, who, what, purpose, number, chain)
    VALUES (now, session_user, a_who, a_what, a_purpose, n, public.access_chain(
        coalesce(last, ''), n, now, session_user::text, a_who, a_what, a_purpose));
    RETURN n;
END
$$;
REVOKE ALL ON FUNCTION access_note(text, text, text),
    access_chain(bytea, bigint, timestamptz, text[]) FROM PUBLIC;
REVOKE INSERT (who, what, purpose) ON access FROM jejak_auditor;
GRANT EXECUTE ON FUNCTION access_note(text, text, text) TO jejak_auditor;
