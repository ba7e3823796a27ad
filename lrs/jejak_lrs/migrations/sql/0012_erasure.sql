-- Erasure: an approved destruction ends what a record says, and leaves that it was there.
-- A record ErasureOrdered names positions; append keeps them here, in the same transaction. Then
-- jejak_eraser, and nobody else, may null what they hold, by ledger_erase alone.

CREATE TABLE erasure (
    position bigint NOT NULL, -- whose content is to be gone
    ordered  bigint NOT NULL, -- the position of the ErasureOrdered that named it first
    CONSTRAINT erasure_pk PRIMARY KEY (position),
    CONSTRAINT erasure_earlier CHECK (position BETWEEN 0 AND ordered - 1)
);
CREATE INDEX erasure_ordered ON erasure (ordered);
SELECT ledger_protect('erasure', 'UPDATE OR DELETE OR TRUNCATE');

GRANT INSERT, SELECT ON erasure TO jejak_writer;
GRANT SELECT ON erasure TO jejak_projector, jejak_publisher, jejak_reader, jejak_auditor,
    jejak_eraser;

-- ---------------------------------------------------------------------------------------------
-- What refuses everything else. Whoever acts within ledger_erase is the owner, logged in as the
-- eraser; the owner cannot log in, and a superuser logs in as another.

CREATE FUNCTION ledger_is_erasing() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN session_user = 'jejak_eraser' AND current_user = 'jejak_owner';

CREATE FUNCTION ledger_refuse_but_erasure() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND public.ledger_is_erasing() THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- The eraser may take exactly these columns, where their erasure is ordered.
CREATE FUNCTION ledger_erase_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    OLD.payload := NULL;
    OLD.salt := NULL;
    OLD.tag_salt := NULL;
    OLD.content_tag := NULL;
    OLD.person_id := NULL;
    OLD.agency := NULL;
    OLD.activity := NULL;
    IF NEW IS DISTINCT FROM OLD
        OR NOT EXISTS (SELECT FROM public.erasure e WHERE e.position = OLD.position)
    THEN
        RAISE EXCEPTION 'this change of record % is no erasure that was ordered', OLD.position
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Of an outcome only the words about it, of a quarantined message only what it was.
CREATE FUNCTION outcome_erase_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    OLD.detail := NULL;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'this change of outcome % is no erasure', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

DROP TRIGGER append_only ON record;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_but_erasure();
ALTER TABLE record ENABLE ALWAYS TRIGGER append_only;
-- Also on each partition, those made later as well.
CREATE TRIGGER erase_only BEFORE UPDATE ON record
    FOR EACH ROW WHEN (session_user = 'jejak_eraser') EXECUTE FUNCTION ledger_erase_only();
ALTER TABLE record ENABLE ALWAYS TRIGGER erase_only;

DROP TRIGGER append_only ON outcome;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outcome
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_but_erasure();
ALTER TABLE outcome ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER erase_only BEFORE UPDATE ON outcome
    FOR EACH ROW WHEN (session_user = 'jejak_eraser') EXECUTE FUNCTION outcome_erase_only();
ALTER TABLE outcome ENABLE ALWAYS TRIGGER erase_only;

DROP TRIGGER append_only ON quarantine;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE OR UPDATE OF number, stored, kind, party,
    event_id, source_kind, source_topic, source_partition, source_offset, reason, field, detail,
    trace, original_key, original_value, header_names, header_values ON quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_but_erasure();
ALTER TABLE quarantine ENABLE ALWAYS TRIGGER append_only;

-- ---------------------------------------------------------------------------------------------
-- The act. Idempotent: what is gone stays gone, and how many records it took now is returned.

-- The messages, refused or in conflict, that were about the same events: what they said is the same.
CREATE FUNCTION ledger_outcomes_about(an_order bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.number FROM public.erasure e JOIN public.outcome o ON o.of_position = e.position
    WHERE e.ordered = an_order
    UNION
    SELECT o.number FROM public.erasure e JOIN public.record r USING (position)
        JOIN public.outcome o ON o.event_id = r.statement_id
    WHERE e.ordered = an_order
    UNION
    SELECT o.number FROM public.erasure e JOIN public.record r USING (position)
        JOIN public.outcome o USING (source_topic, source_partition, source_offset)
    WHERE e.ordered = an_order AND r.source_kind = 'redrive';
$$;

CREATE FUNCTION ledger_erase(an_order bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about bigint[];
    erased bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.record
                   WHERE position = an_order AND event_type = 'ErasureOrdered'
                       AND source_kind = 'system') THEN
        RAISE EXCEPTION 'record % orders no erasure', an_order
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    about := ARRAY(SELECT public.ledger_outcomes_about(an_order));
    UPDATE public.outcome SET detail = NULL WHERE number = ANY (about) AND detail IS NOT NULL;
    INSERT INTO public.handling (number, act, who, reason)
        SELECT number, 'discarded', session_user, 'erased by order of record ' || an_order
        FROM public.quarantine WHERE number = ANY (about) AND status = 'waiting';
    UPDATE public.quarantine SET detail = NULL, trace = NULL, original_key = NULL,
        original_value = NULL, header_names = NULL, header_values = NULL,
        status = CASE status WHEN 'waiting' THEN 'discarded' ELSE status END
    WHERE number = ANY (about);
    UPDATE public.record r SET payload = NULL, salt = NULL, tag_salt = NULL, content_tag = NULL,
        person_id = NULL, agency = NULL, activity = NULL
    FROM public.erasure e
    WHERE e.ordered = an_order AND r.position = e.position
        AND num_nonnulls(r.payload, r.salt, r.tag_salt, r.content_tag, r.person_id, r.agency,
                         r.activity) > 0;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN erased;
END
$$;
REVOKE ALL ON FUNCTION ledger_outcomes_about(bigint), ledger_erase(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_erase(bigint) TO jejak_eraser;
GRANT SELECT (position, event_type, payload) ON record TO jejak_eraser; -- what is left to do

-- ---------------------------------------------------------------------------------------------
-- What was made of it. Called by the projector where it meets the order, in its own transaction:
-- whatever it made before of these records is there by then. Returns whom it must fold anew.

CREATE FUNCTION projection_erase(an_order bigint, a_generation integer) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    positions bigint[] := ARRAY(SELECT position FROM public.erasure WHERE ordered = an_order);
    touched uuid[];
BEGIN
    WITH RECURSIVE gone AS (
        DELETE FROM public.evidence WHERE position = ANY (positions) RETURNING person_id
    ), one_with (person_id) AS ( -- whoever was ever merged with them: their profile is one
        SELECT person_id FROM gone
        UNION
        SELECT CASE m.stays WHEN o.person_id THEN m.absorbed ELSE m.stays END
        FROM one_with o JOIN public.person_merge m ON o.person_id IN (m.stays, m.absorbed)
    )
    SELECT array_agg(person_id) INTO touched FROM one_with;
    -- What agencies were told of these persons, and since: one record's words go on in the next.
    UPDATE public.change SET kind = 'ProfileState', content = '{}'
    WHERE person_id = ANY (touched) AND kind NOT IN ('ProfileState', 'PersonJoined', 'PersonLeft');
    -- A generation that is not read: whoever makes it the one, folds them first.
    INSERT INTO public.refold (generation, person_id, position, statement_id, stored)
        SELECT p.generation, p.person_id, r.position, r.statement_id, r.stored
        FROM public.profile p, public.record r
        WHERE p.person_id = ANY (touched) AND p.generation <> a_generation AND r.position = an_order
    ON CONFLICT (generation, person_id) DO UPDATE SET position = excluded.position,
        statement_id = excluded.statement_id, stored = excluded.stored;
    UPDATE public.profile SET document = '{}'
    WHERE person_id = ANY (touched) AND generation <> a_generation;
    RETURN QUERY SELECT unnest(touched);
END
$$;
REVOKE ALL ON FUNCTION projection_erase(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection_erase(bigint, integer) TO jejak_projector;
