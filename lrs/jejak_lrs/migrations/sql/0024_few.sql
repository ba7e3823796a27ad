-- What is few among many is found by an index of the few alone: each costs nothing to a message that
-- becomes a record or is a duplicate. Whoever looked for it read a whole table.

-- What `jejak status` counts: outcomes, but for the duplicates from inboxes, which the rest leaves.
CREATE INDEX outcome_few ON outcome (source_kind, kind)
    WHERE kind IN ('conflict', 'refused') OR source_kind IN ('redrive', 'http', 'system');
CREATE INDEX quarantine_counted ON quarantine (status, reason);

-- What an erasure takes along: messages about the same event, and those that became it by a redrive.
CREATE INDEX quarantine_event ON quarantine (event_id);
CREATE INDEX handling_position ON handling (position) WHERE position IS NOT NULL;

-- Who was merged with whom.
CREATE INDEX record_merged ON record (person_id) WHERE event_type = 'PersonMerged';

-- By arrays and never by a scan, whatever PostgreSQL has counted: what is erased is few as well. A
-- duplicate's outcome has no words to erase, any other stands in quarantine as well.
CREATE OR REPLACE FUNCTION ledger_erase(an_order bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
DECLARE
    positions bigint[] := ARRAY(SELECT position FROM public.erasure WHERE ordered = an_order);
    statements uuid[];
    about bigint[];
    erased bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.record
                   WHERE position = an_order AND event_type = 'ErasureOrdered'
                       AND source_kind = 'system') THEN
        RAISE EXCEPTION 'record % orders no erasure', an_order
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    statements := ARRAY(SELECT statement_id FROM public.record WHERE position = ANY (positions));
    about := ARRAY(SELECT number FROM public.quarantine WHERE event_id = ANY (statements)
                   UNION
                   SELECT number FROM public.handling WHERE position = ANY (positions));
    UPDATE public.outcome SET detail = NULL WHERE number = ANY (about) AND detail IS NOT NULL;
    INSERT INTO public.handling (number, act, who, reason)
        SELECT number, 'discarded', session_user, 'erased by order of record ' || an_order
        FROM public.quarantine WHERE number = ANY (about) AND status = 'waiting';
    UPDATE public.quarantine SET detail = NULL, trace = NULL, original_key = NULL,
        original_value = NULL, header_names = NULL, header_values = NULL,
        status = CASE status WHEN 'waiting' THEN 'discarded' ELSE status END
    WHERE number = ANY (about);
    UPDATE public.record SET payload = NULL, salt = NULL, tag_salt = NULL, content_tag = NULL,
        person_id = NULL, agency = NULL, activity = NULL
    WHERE position = ANY (positions)
        AND num_nonnulls(payload, salt, tag_salt, content_tag, person_id, agency, activity) > 0;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END
$$;
DROP FUNCTION ledger_outcomes_about(bigint);

-- The same place by place: the index of evidence begins with the generation.
CREATE OR REPLACE FUNCTION projection_erase(an_order bigint, a_generation integer)
RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
DECLARE
    positions bigint[] := ARRAY(SELECT position FROM public.erasure WHERE ordered = an_order);
    known integer[] := ARRAY(SELECT generate_series(1, last) FROM public.generation);
    generations integer[];
    touched uuid[];
BEGIN
    WITH RECURSIVE place AS MATERIALIZED (
        SELECT g, p FROM unnest(known) AS g, unnest(positions) AS p
    ), gone AS (
        DELETE FROM public.evidence e USING place WHERE e.generation = g AND e.position = p
        RETURNING e.generation, e.person_id
    ), one_with (generation, person_id) AS ( -- whoever was ever merged with them: they are one
        SELECT generation, person_id FROM gone
        UNION
        SELECT o.generation, CASE m.stays WHEN o.person_id THEN m.absorbed ELSE m.stays END
        FROM one_with o JOIN public.person_merge m
            ON m.generation = o.generation AND o.person_id IN (m.stays, m.absorbed)
    )
    SELECT array_agg(generation), array_agg(person_id) INTO generations, touched FROM one_with;
    -- What agencies were told of these persons, and since: one record's words go on in the next.
    UPDATE public.change SET kind = 'ProfileState', content = '{}'
    WHERE person_id = ANY (touched) AND kind NOT IN ('ProfileState', 'PersonJoined', 'PersonLeft');
    -- A generation that is not read: whoever makes it the one, folds them first. Also whom it
    -- holds no profile of: one may be under way.
    INSERT INTO public.refold (generation, person_id, position, statement_id, stored)
        SELECT t.generation, t.person_id, r.position, r.statement_id, r.stored
        FROM unnest(generations, touched) AS t (generation, person_id), public.record r
        WHERE t.generation <> a_generation AND r.position = an_order
    ON CONFLICT (generation, person_id) DO UPDATE SET position = excluded.position,
        statement_id = excluded.statement_id, stored = excluded.stored;
    UPDATE public.profile p SET document = '{}'
    FROM unnest(generations, touched) AS t (generation, person_id)
    WHERE p.generation = t.generation AND p.person_id = t.person_id
        AND t.generation <> a_generation;
    RETURN QUERY SELECT DISTINCT t FROM unnest(touched) AS t;
END
$$;
