-- Epochs: what is told under one epoch is never told otherwise. A ledger whose end was truly lost
-- would give positions and numbers again, so it goes on under a new epoch (ledger.md, "Tables").

-- One row for each epoch but the first, which the Genesis record names.
CREATE TABLE epoch (
    epoch        uuid        NOT NULL,
    before       uuid        NOT NULL, -- the epoch that it ended
    at_position  bigint      NOT NULL, -- the next position and outcome when it began
    at_outcome   bigint      NOT NULL,
    differs_from bigint      NOT NULL, -- from here on a position may have been another record's
    began        timestamptz NOT NULL,
    reason       text        NOT NULL,
    who          text        NOT NULL,
    CONSTRAINT epoch_pk PRIMARY KEY (epoch),
    CONSTRAINT epoch_before_once UNIQUE (before),
    CONSTRAINT epoch_later CHECK (epoch > before), -- as readers of compacted topics rely on
    CONSTRAINT epoch_differs CHECK (differs_from BETWEEN 0 AND at_position),
    CONSTRAINT epoch_reason CHECK (reason <> '' AND who <> '')
);
SELECT ledger_protect('epoch', 'UPDATE OR DELETE OR TRUNCATE');

-- Begins a new epoch in place of `ending`, between two appends; differs null: from the end on.
CREATE FUNCTION ledger_new_epoch(ending uuid, differs bigint, a_reason text, a_who text)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head public.ledger_head;
    begun uuid := public.ledger_uuid7();
BEGIN
    SELECT * INTO STRICT head FROM public.ledger_head FOR UPDATE;
    IF head.epoch <> ending THEN
        RAISE EXCEPTION 'the ledger has epoch %, not %', head.epoch, ending
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO public.epoch VALUES (begun, ending, head.next_position, head.next_outcome,
        coalesce(differs, head.next_position), clock_timestamp(), a_reason, a_who);
    UPDATE public.ledger_head SET epoch = begun;
    RETURN begun;
END
$$;
REVOKE ALL ON FUNCTION ledger_new_epoch(uuid, bigint, text, text) FROM PUBLIC;
-- An operator's act, and no loop's.
GRANT EXECUTE ON FUNCTION ledger_new_epoch(uuid, bigint, text, text) TO jejak_migrator;
GRANT SELECT ON epoch TO jejak_writer, jejak_projector, jejak_publisher, jejak_reader,
    jejak_auditor;
