-- Narrow indexes. Equal keys share one entry, which a position in the key prevents: a person or a
-- party then costs some ten bytes a record, not fifty. The records about one person are few enough
-- to be sorted when they are read; those about none are read in order, and are few as well.

DROP INDEX record_person;
DROP INDEX record_party;
CREATE INDEX record_person ON record (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX record_party ON record (party);
CREATE INDEX record_registry ON record (position) WHERE person_id IS NULL;
