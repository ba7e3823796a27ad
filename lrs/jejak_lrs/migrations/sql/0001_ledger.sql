-- The ledger: every table with its final columns. An append-only ledger cannot be changed later,
-- so a column that a later feature needs is here from the start.
--
-- Run as jejak_owner, in one transaction. Roles come from jejak_lrs.roles.create_roles.

-- ---------------------------------------------------------------------------------------------
-- What refuses a change

CREATE FUNCTION ledger_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- ALWAYS: also under session_replication_role = replica.
CREATE FUNCTION ledger_protect(protected regclass, events text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE %s ON %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION public.ledger_refuse()', events, protected);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', protected);
END
$$;
REVOKE ALL ON FUNCTION ledger_protect(regclass, text) FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------
-- The head: its row lock is what gives positions their order (see jejak_lrs.ledger.lock_head)

CREATE TABLE ledger_head (
    one              boolean     NOT NULL DEFAULT true,
    epoch            uuid        NOT NULL,
    next_position    bigint      NOT NULL,
    next_outcome     bigint      NOT NULL,
    registry_version bigint      NOT NULL,
    last_stored      timestamptz NOT NULL,
    partitioned_to   bigint      NOT NULL, -- partitions of record exist for positions below this
    partition_width  bigint      NOT NULL,
    CONSTRAINT ledger_head_pk PRIMARY KEY (one),
    CONSTRAINT ledger_head_one CHECK (one),
    CONSTRAINT ledger_head_room CHECK (next_position <= partitioned_to),
    CONSTRAINT ledger_head_width CHECK (partition_width > 0)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- A UUIDv7 (RFC 9562): of two epochs the later is the greater, and readers of a compacted topic keep
-- the greatest (epoch, version). PostgreSQL has its own from version 18 on.
CREATE FUNCTION ledger_uuid7() RETURNS uuid
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN encode(
    set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
            PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
                    FROM 3)
            FROM 1 FOR 6),
        52, 1), 53, 1),
    'hex')::uuid;
REVOKE ALL ON FUNCTION ledger_uuid7() FROM PUBLIC;

INSERT INTO ledger_head (epoch, next_position, next_outcome, registry_version, last_stored,
                         partitioned_to, partition_width)
SELECT ledger_uuid7(), 0, 0, 0, 'epoch', 0, 10000000;

-- ---------------------------------------------------------------------------------------------
-- Records. Nullable columns are those that an event may lack or that erasure nulls.

CREATE TABLE record (
    position         bigint      NOT NULL,
    statement_id     uuid        NOT NULL,
    stored           timestamptz NOT NULL,
    occurred_at      timestamptz NOT NULL,
    event_type       text        NOT NULL,
    party            text        NOT NULL,
    on_behalf_of     text,
    person_id        uuid,
    agency           text,
    verb             text        NOT NULL,
    activity         text,
    source_kind      text        NOT NULL,
    source_topic     uuid,                 -- Kafka's topic id
    source_partition integer,
    source_offset    bigint,
    mapping_version  integer     NOT NULL,
    warnings         text[],
    payload          bytea,                -- jejak_lrs.payload
    salt             bytea,
    tag_salt         bytea,                -- readable by writer and eraser only
    content_tag      bytea,
    commitment       bytea       NOT NULL, -- jejak_lrs.seal
    CONSTRAINT record_pk PRIMARY KEY (position),
    CONSTRAINT record_source_kind CHECK (source_kind IN ('inbox', 'redrive', 'http', 'system')),
    CONSTRAINT record_source CHECK (
        source_kind <> 'inbox' OR num_nulls(source_topic, source_partition, source_offset) = 0),
    CONSTRAINT record_commitment CHECK (octet_length(commitment) = 32)
) PARTITION BY RANGE (position);

ALTER TABLE record ALTER COLUMN payload SET STORAGE EXTERNAL; -- compressed already
CREATE INDEX record_person ON record (person_id, position);
CREATE INDEX record_party ON record (party, position);
CREATE INDEX record_stored ON record USING brin (stored);

-- Makes partitions up to half a width beyond `upto`. Safe to call at any time: it takes the head
-- lock, never detaches, and gives each partition its own trigger, because a parent's TRUNCATE
-- trigger does not protect its partitions.
CREATE FUNCTION ledger_make_room(upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head public.ledger_head;
    part text;
BEGIN
    SELECT * INTO STRICT head FROM public.ledger_head FOR UPDATE;
    IF (upto - head.partitioned_to) / head.partition_width > 100 THEN
        RAISE EXCEPTION 'room up to % asked for; % positions are recorded', upto, head.next_position
            USING ERRCODE = 'program_limit_exceeded';
    END IF;
    WHILE head.partitioned_to < upto + head.partition_width / 2 LOOP
        part := 'record_p' || head.partitioned_to;
        EXECUTE format(
            'CREATE TABLE public.%I (LIKE public.record '
            'INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE, '
            'CONSTRAINT %I CHECK (position >= %s AND position < %s))',
            part, part || '_bounds', head.partitioned_to,
            head.partitioned_to + head.partition_width);
        PERFORM public.ledger_protect(
            format('public.%I', part)::regclass, 'UPDATE OR DELETE OR TRUNCATE');
        EXECUTE format(
            'ALTER TABLE public.record ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
            part, head.partitioned_to, head.partitioned_to + head.partition_width);
        head.partitioned_to := head.partitioned_to + head.partition_width;
    END LOOP;
    UPDATE public.ledger_head SET partitioned_to = head.partitioned_to;
    RETURN head.partitioned_to;
END
$$;
REVOKE ALL ON FUNCTION ledger_make_room(bigint) FROM PUBLIC;
SELECT ledger_make_room(0);

CREATE TABLE statement_key (
    statement_id uuid   NOT NULL,
    position     bigint NOT NULL,
    CONSTRAINT statement_key_pk PRIMARY KEY (statement_id)
);

-- Which records act on which statement (void, revocation, verification), whether or not the
-- target is recorded yet.
CREATE TABLE statement_reference (
    target   uuid   NOT NULL,
    position bigint NOT NULL,
    CONSTRAINT statement_reference_pk PRIMARY KEY (target, position)
);

-- ---------------------------------------------------------------------------------------------
-- What was delivered

CREATE TABLE outcome (
    number           bigint      NOT NULL,
    at_position      bigint      NOT NULL, -- the next position before its append
    stored           timestamptz NOT NULL,
    kind             text        NOT NULL,
    party            text,                 -- whose receipt it is
    event_id         uuid,
    source_kind      text        NOT NULL,
    source_topic     uuid,
    source_partition integer,
    source_offset    bigint,
    of_position      bigint,               -- the record that a duplicate or conflict meets
    reason           text,
    field            text,
    detail           text,                 -- not under the commitment: erasable
    salt             bytea,
    commitment       bytea       NOT NULL,
    CONSTRAINT outcome_pk PRIMARY KEY (number),
    CONSTRAINT outcome_kind CHECK (kind IN ('duplicate', 'conflict', 'refused')),
    CONSTRAINT outcome_of CHECK ((kind = 'refused') = (of_position IS NULL)),
    CONSTRAINT outcome_reason CHECK (kind <> 'refused' OR reason IS NOT NULL),
    CONSTRAINT outcome_source_kind CHECK (source_kind IN ('inbox', 'redrive', 'http', 'system')),
    CONSTRAINT outcome_commitment CHECK (octet_length(commitment) = 32)
);

CREATE TABLE inbox_offset (
    topic_id    uuid    NOT NULL, -- Kafka's own: a topic made again is another topic
    partition   integer NOT NULL,
    topic       text    NOT NULL,
    party       text    NOT NULL,
    generation  integer NOT NULL DEFAULT 1,
    next_offset bigint  NOT NULL,
    delivered   bigint  NOT NULL DEFAULT 0,
    CONSTRAINT inbox_offset_pk PRIMARY KEY (topic_id, partition),
    CONSTRAINT inbox_offset_partition CHECK (partition >= 0),
    CONSTRAINT inbox_offset_next CHECK (next_offset >= 0)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- `party add` makes the row; a row that exists is left as it is.
CREATE FUNCTION inbox_open(
    a_topic_id uuid, a_partition integer, a_topic text, a_party text, a_generation integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.inbox_offset (topic_id, partition, topic, party, generation, next_offset)
    VALUES (a_topic_id, a_partition, a_topic, a_party, a_generation, 0)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION inbox_open(uuid, integer, text, text, integer) FROM PUBLIC;

-- Refused and conflicting messages, whole. One row per such outcome.
CREATE TABLE quarantine (
    number         bigint      NOT NULL, -- the outcome's number
    stored         timestamptz NOT NULL,
    kind           text        NOT NULL,
    party          text,
    event_id       uuid,
    source_kind      text      NOT NULL,
    source_topic     uuid,
    source_partition integer,
    source_offset    bigint,
    reason         text        NOT NULL,
    field          text,
    detail         text,
    trace          text,
    original_key   bytea,
    original_value bytea,
    header_names   bytea[],              -- UTF-8, as on the wire
    header_values  bytea[],
    status         text        NOT NULL DEFAULT 'waiting',
    CONSTRAINT quarantine_pk PRIMARY KEY (number),
    CONSTRAINT quarantine_kind CHECK (kind IN ('conflict', 'refused')),
    CONSTRAINT quarantine_status CHECK (status IN ('waiting', 'redriven', 'discarded'))
);
CREATE INDEX quarantine_waiting ON quarantine (number) WHERE status = 'waiting';

-- ---------------------------------------------------------------------------------------------
-- Who: institutions and persons

-- One row per record that changes who may speak: PartyDeclared, PartySuspended,
-- ProviderAccredited, ProviderSuspended. Dates are Asia/Jakarta; valid_until is inclusive.
CREATE TABLE party (
    position    bigint NOT NULL,
    code        text   NOT NULL,
    event_type  text   NOT NULL,
    roles       text[] NOT NULL DEFAULT '{}',
    valid_from  date   NOT NULL,
    valid_until date,
    senders     text[] NOT NULL DEFAULT '{}',
    forms       text[] NOT NULL DEFAULT '{}', -- empty: every form
    CONSTRAINT party_pk PRIMARY KEY (position)
);

CREATE TABLE person (
    person_id uuid   NOT NULL,
    position  bigint NOT NULL, -- of its PersonSeen
    CONSTRAINT person_pk PRIMARY KEY (person_id)
);

-- Primary data: the only place where a NIP stands. Checked against the commitment in the
-- statement named here.
CREATE TABLE person_alias (
    kind         text  NOT NULL,
    value        text  NOT NULL,
    person_id    uuid  NOT NULL,
    salt         bytea NOT NULL,
    since        date  NOT NULL,
    statement_id uuid  NOT NULL,
    CONSTRAINT person_alias_pk PRIMARY KEY (kind, value),
    CONSTRAINT person_alias_salt CHECK (octet_length(salt) = 16)
);
CREATE INDEX person_alias_person ON person_alias (person_id);

-- Whom BKN has confirmed, and by which record first.
CREATE TABLE person_registered (
    person_id uuid   NOT NULL,
    position  bigint NOT NULL,
    CONSTRAINT person_registered_pk PRIMARY KEY (person_id)
);

-- ---------------------------------------------------------------------------------------------
-- Followers

CREATE TABLE cursor (
    follower       text   NOT NULL,
    position       bigint NOT NULL, -- the last one seen; -1: none yet
    outcome_number bigint NOT NULL,
    CONSTRAINT cursor_pk PRIMARY KEY (follower)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE chain (
    topic text   NOT NULL,
    epoch uuid   NOT NULL,
    seq   bigint NOT NULL, -- the last one given; 0: none yet
    CONSTRAINT chain_pk PRIMARY KEY (topic)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- zstd dictionaries, copied from the package's files. Number 0 means none and has no row.
CREATE TABLE dictionary (
    number  smallint NOT NULL,
    sha256  bytea    NOT NULL,
    content bytea    NOT NULL,
    CONSTRAINT dictionary_pk PRIMARY KEY (number),
    CONSTRAINT dictionary_number CHECK (number BETWEEN 1 AND 255),
    CONSTRAINT dictionary_hash CHECK (sha256 = pg_catalog.sha256(content))
);

-- ---------------------------------------------------------------------------------------------
-- Append-only, for the owner and superusers too (who can drop a trigger; an audit tells)

SELECT ledger_protect(name::regclass, 'UPDATE OR DELETE OR TRUNCATE')
FROM unnest(ARRAY['record', 'statement_key', 'statement_reference', 'outcome', 'party', 'person',
                  'person_alias', 'person_registered', 'dictionary']) AS name;
SELECT ledger_protect('quarantine', 'DELETE OR TRUNCATE OR UPDATE OF number, stored, kind, party, '
    'event_id, source_kind, source_topic, source_partition, source_offset, reason, field, detail, '
    'trace, original_key, original_value, header_names, header_values');
SELECT ledger_protect('ledger_head', 'DELETE OR TRUNCATE OR UPDATE OF one');
SELECT ledger_protect('inbox_offset',
    'DELETE OR TRUNCATE OR UPDATE OF topic_id, partition, topic, party, generation');

-- ---------------------------------------------------------------------------------------------
-- A writer frozen inside COPY answers to no timeout and no cancel and would hold the ledger.
-- Ends the writers that hold the head or an inbox for over five seconds and wait for no lock
-- themselves. The owner may signal them because it is a member of jejak_writer, and nobody else.

CREATE FUNCTION ledger_unblock() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    blocker record;
    ended integer := 0;
BEGIN
    FOR blocker IN
        SELECT a.pid, a.xact_start
        FROM pg_stat_activity a
        WHERE a.datname = current_database()
          AND a.usename = 'jejak_writer'
          AND a.pid <> pg_backend_pid()
          AND a.xact_start < clock_timestamp() - interval '5 seconds'
          AND a.wait_event_type IS DISTINCT FROM 'Lock'
          AND (
            -- The caller's own wait is over, so its blocker is found by the lock it holds: xmax
            -- of a locked row is the transaction that locked it.
            a.pid IN (
                SELECT l.pid FROM pg_locks l
                WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
                  AND l.transactionid IN (SELECT h.xmax FROM public.ledger_head h
                                          UNION ALL SELECT o.xmax FROM public.inbox_offset o))
            OR a.pid IN (
                SELECT unnest(pg_blocking_pids(w.pid)) FROM pg_stat_activity w
                WHERE w.usename = 'jejak_writer' AND w.wait_event_type = 'Lock'))
    LOOP
        PERFORM pg_terminate_backend(blocker.pid);
        ended := ended + 1;
        RAISE LOG 'ledger_unblock ended writer %, whose transaction began %',
            blocker.pid, blocker.xact_start;
    END LOOP;
    RETURN ended;
END
$$;
REVOKE ALL ON FUNCTION ledger_unblock() FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------
-- Grants. jejak_eraser has none until its function exists.

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO jejak_migrator, jejak_writer, jejak_projector, '
        'jejak_publisher, jejak_reader, jejak_auditor, jejak_eraser, jejak_agency',
        current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO jejak_owner; -- also where the database is a copy
GRANT USAGE ON SCHEMA public TO jejak_writer, jejak_projector, jejak_publisher, jejak_reader,
    jejak_auditor, jejak_eraser, jejak_agency;

GRANT INSERT, SELECT ON record, statement_key, statement_reference, outcome, party, person,
    person_alias, person_registered, quarantine TO jejak_writer;
GRANT UPDATE (status) ON quarantine TO jejak_writer;
GRANT SELECT, UPDATE ON ledger_head, inbox_offset TO jejak_writer;
GRANT SELECT ON dictionary TO jejak_writer;
GRANT EXECUTE ON FUNCTION ledger_make_room(bigint), ledger_unblock(),
    inbox_open(uuid, integer, text, text, integer) TO jejak_writer;

-- All but tag_salt: whoever had salt and tag could try all NIPs.
GRANT SELECT (position, statement_id, stored, occurred_at, event_type, party, on_behalf_of,
    person_id, agency, verb, activity, source_kind, source_topic, source_partition, source_offset,
    mapping_version, warnings, payload, salt, content_tag, commitment)
    ON record TO jejak_projector, jejak_publisher, jejak_reader, jejak_auditor;
GRANT SELECT ON ledger_head, statement_key, statement_reference, outcome, inbox_offset, party,
    person, person_registered, dictionary, cursor, chain
    TO jejak_projector, jejak_publisher, jejak_reader, jejak_auditor;
GRANT SELECT ON person_alias TO jejak_publisher, jejak_reader, jejak_auditor;
GRANT SELECT ON quarantine TO jejak_reader, jejak_auditor;
GRANT INSERT, UPDATE ON cursor TO jejak_projector, jejak_publisher;
GRANT INSERT, UPDATE ON chain TO jejak_publisher;
