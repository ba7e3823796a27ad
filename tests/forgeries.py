"""What somebody with all rights could do to whole rows, and the place that an audit must name."""

from typing import NamedTuple


class Forgery(NamedTuple):
    """Queries that do it, and words that some difference must hold."""

    name: str
    queries: str
    place: str


FORGERIES = (
    Forgery(
        "a record is deleted",
        "DELETE FROM record WHERE position = 9",
        "record 9: it is missing",
    ),
    Forgery(
        "several records are deleted",
        "DELETE FROM record WHERE position BETWEEN 9 AND 11",
        "record 9: it is missing, and all up to 11",
    ),
    Forgery(
        "the last record is deleted",
        "DELETE FROM record WHERE position = (SELECT max(position) FROM record)",
        "it is missing",
    ),
    Forgery(
        "the head is set back",
        "UPDATE ledger_head SET next_position = 12",
        "it lies above the head, which is 12",
    ),
    Forgery(
        "two records change places",
        "UPDATE record SET position = 9999 WHERE position = 9;"
        "UPDATE record SET position = 9 WHERE position = 10;"
        "UPDATE record SET position = 10 WHERE position = 9999",
        "record 9: its position in statement_key is 10",
    ),
    Forgery(
        "two whole records with their keys change places",
        "UPDATE record SET position = 9999 WHERE position = 7;"
        "UPDATE record SET position = 7 WHERE position = 20;"
        "UPDATE record SET position = 20 WHERE position = 9999;"
        "UPDATE statement_key k SET position = r.position FROM record r WHERE r.statement_id "
        "= k.statement_id",
        "it is stored before what came before it",
    ),
    Forgery(
        "a record is moved in time",
        "UPDATE record SET stored = stored + interval '1 day' WHERE position = 9",
        "record 10: it is stored before what came before it",
    ),
    Forgery(
        "the last record is moved in time",
        "UPDATE record SET stored = stored + interval '1 day' WHERE position = (SELECT "
        "max(position) FROM record)",
        "ledger_head: what was appended last is stored after last_stored",
    ),
    Forgery(
        "a record has a date that no calendar has",
        "UPDATE record SET occurred_at = 'infinity' WHERE position = 9",
        "record 9: it cannot be read",
    ),
    Forgery(
        "a record's content is gone",
        "UPDATE record SET payload = NULL, salt = NULL WHERE position = 9",
        "record 9: its content is gone, and nothing ordered its erasure",
    ),
    Forgery(
        "an outcome is deleted",
        "DELETE FROM outcome WHERE number = 2",
        "outcome 2: it is missing",
    ),
    Forgery(
        "a refused message is deleted",
        "DELETE FROM quarantine WHERE number = (SELECT max(number) FROM quarantine)",
        "its message in quarantine is missing",
    ),
    Forgery(
        "an outcome and what it counts for are deleted",
        "DELETE FROM outcome WHERE number = (SELECT max(number) FROM outcome);"
        "DELETE FROM quarantine WHERE number = (SELECT max(number) FROM quarantine);"
        "UPDATE ledger_head SET next_outcome = next_outcome - 1;"
        "UPDATE inbox_offset SET delivered = delivered - 1 WHERE party = 'vendor'",
        "inbox jejak.inbox.vendor/0: next_offset is 12",
    ),
    Forgery(
        "an inbox is deleted",
        "DELETE FROM inbox_offset WHERE party = 'vendor'",
        "no row in inbox_offset",
    ),
    Forgery(
        "an alias is deleted",
        "DELETE FROM person_alias WHERE value = '198503122010011002'",
        "person_alias nip of record 5: it is missing or altered",
    ),
    Forgery(
        "an alias held elsewhere is deleted",
        "DELETE FROM person_alias WHERE value = '199001152015022001'",
        "it is missing or altered",
    ),
    Forgery(
        "an alias is given to another person",
        "UPDATE person_alias SET person_id = (SELECT person_id FROM person_alias WHERE value "
        "= '199001152015022001') WHERE value = '198503122010011002'",
        "person_alias nip of record 5: it is missing or altered",
    ),
    Forgery(
        "an alias is invented",
        "INSERT INTO person_alias SELECT kind, '197001011990011001', person_id, salt, since, "
        "statement_id FROM person_alias LIMIT 1",
        "which it names, does not seal it",
    ),
    Forgery(
        "a person is invented",
        "INSERT INTO person VALUES ('00000000-0000-4000-8000-000000000001', 9)",
        "person 00000000-0000-4000-8000-000000000001: record 9 is not there, or another",
    ),
    Forgery(
        "a person is deleted",
        "DELETE FROM person",
        "person of record 5: it is missing or altered",
    ),
    Forgery(
        "a registration is deleted",
        "DELETE FROM person_registered",
        "person_registered of record ",
    ),
    Forgery(
        "a registration is invented",
        "UPDATE person_registered SET position = position - 1",
        "person_registered ",
    ),
    Forgery(
        "an id is taken that nobody sent",
        "INSERT INTO statement_key VALUES ('00000000-0000-4000-8000-000000000001', 9)",
        "statement_key 00000000-0000-4000-8000-000000000001: record 9 is not there, or another",
    ),
    Forgery(
        "a party is given a role",
        "UPDATE party SET roles = array_append(roles, 'bkn') WHERE code = 'vendor'",
        "party of record ",
    ),
    Forgery(
        "a party is invented",
        "INSERT INTO party SELECT 10000, code, event_type, roles, valid_from FROM party LIMIT 1",
        "party of record 10000: there is no such record",
    ),
    Forgery(
        "a void is forgotten",
        "DELETE FROM statement_reference",
        "statement_reference of record ",
    ),
    Forgery(
        "a void is invented",
        "INSERT INTO statement_reference SELECT gen_random_uuid(), position FROM "
        "statement_reference",
        "statement_reference: it has 2 rows, the records call for 1",
    ),
    Forgery(
        "a dictionary is deleted",
        "DELETE FROM dictionary",
        "dictionary 1: it is missing or altered",
    ),
    Forgery(
        "what an event type's verb is, is told otherwise",
        "UPDATE event_verb SET verb = 'http://adlnet.gov/expapi/verbs/failed' WHERE event_type "
        "= 'CourseCompleted'",
        "record 7: its commitment is not that of its content",
    ),
    Forgery(
        "an event type's verb is deleted",
        "DELETE FROM event_verb WHERE event_type = 'BadgeEarned'",
        "event_verb BadgeEarned: it is missing or altered",
    ),
    Forgery(
        "everything is gone",
        "DELETE FROM record",
        "record 0: it is missing, and all up to ",
    ),
)
