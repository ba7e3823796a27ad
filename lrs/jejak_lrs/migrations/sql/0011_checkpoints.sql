-- What the notary has signed (docs/transparency-log.md), and what witnesses have signed with it.

CREATE TABLE checkpoint (
    number bigint      NOT NULL, -- 0, 1, 2 ... in the order of signing
    epoch  uuid        NOT NULL,
    tree   text        NOT NULL,
    size   bigint      NOT NULL,
    root   bytea       NOT NULL,
    note   text        NOT NULL, -- the whole signed note, as it was first published
    stored timestamptz NOT NULL, -- the same for both trees of one read of ledger_head
    CONSTRAINT checkpoint_pk PRIMARY KEY (number),
    CONSTRAINT checkpoint_once UNIQUE (epoch, tree, size),
    CONSTRAINT checkpoint_tree CHECK (tree IN ('records', 'outcomes')),
    CONSTRAINT checkpoint_size CHECK (size >= 0),
    CONSTRAINT checkpoint_root CHECK (octet_length(root) = 32)
);

CREATE TABLE cosignature (
    epoch   uuid        NOT NULL,
    tree    text        NOT NULL,
    size    bigint      NOT NULL,
    witness text        NOT NULL, -- its name
    line    text        NOT NULL, -- the signature line that belongs under the note
    stored  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT cosignature_pk PRIMARY KEY (epoch, tree, size, witness)
);

SELECT ledger_protect(name::regclass, 'UPDATE OR DELETE OR TRUNCATE')
FROM unnest(ARRAY['checkpoint', 'cosignature']) AS name;

-- The notary sees of the record what the log's entries hold, and nothing else of it.
DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO jejak_notary', current_database());
END
$$;
GRANT USAGE ON SCHEMA public TO jejak_notary;
GRANT SELECT (position, statement_id, stored, party, commitment) ON record TO jejak_notary;
GRANT SELECT (number, at_position, stored, party, commitment) ON outcome TO jejak_notary;
GRANT SELECT ON ledger_head, epoch, cursor TO jejak_notary;
GRANT INSERT, UPDATE ON cursor TO jejak_notary;
GRANT SELECT, INSERT ON checkpoint, cosignature TO jejak_notary;
GRANT SELECT ON checkpoint, cosignature TO jejak_reader, jejak_auditor;
