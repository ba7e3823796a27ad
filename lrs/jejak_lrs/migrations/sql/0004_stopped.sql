-- Why a partition of an inbox must never be read on; null where it may. Facts alone do not keep it
-- stopped: a log that lost its end grows past the ledger's offset again, with other messages.

ALTER TABLE inbox_offset ADD COLUMN stopped text;
