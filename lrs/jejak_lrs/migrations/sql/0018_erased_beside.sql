-- An erasure where a generation is made beside the one that is read: of the others those persons
-- only whose evidence went from them just now, whether they have a profile there yet or not.

CREATE OR REPLACE FUNCTION projection_erase(an_order bigint, a_generation integer)
RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    positions bigint[] := ARRAY(SELECT position FROM public.erasure WHERE ordered = an_order);
    generations integer[];
    touched uuid[];
BEGIN
    WITH RECURSIVE gone AS (
        DELETE FROM public.evidence WHERE position = ANY (positions)
        RETURNING generation, person_id
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
