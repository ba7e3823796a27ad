"""Deeds: each kind of thing that a superuser with the log's folder in hand could do.

A deed does it, or says by Nothing that chance found nothing to do. Whoever knows the code covers
the tracks: triggers are switched on again, digests and commitments are made anew.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row

from jejak_lrs import dictionaries, errors
from jejak_lrs.database import Connection
from jejak_lrs.ledger import history, seal
from jejak_lrs.notary.checkpoints import TREES
from tests.forbidden import SERVER_TRACES
from tests.mutations import Mutation, mutated
from tests.tampering.site import Ledger


class Nothing(Exception):  # noqa: N818 - no error: chance chose what cannot be done
    """There is nothing to do here; another try will find something."""


Deed = Callable[[random.Random, Ledger], None]

# Tables whose rows are bound by what is signed, and their keys.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "record": ("position",),
    "outcome": ("number",),
    "statement_key": ("statement_id",),
    "statement_reference": ("target", "position"),
    "party": ("position",),
    "person": ("person_id",),
    "person_alias": ("kind", "value"),
    "person_registered": ("person_id",),
    "erasure": ("position",),
    "inbox_offset": ("topic_id", "partition"),
    "dictionary": ("number",),
    "event_verb": ("event_type",),
    "ledger_head": ("one",),
    "checkpoint": ("number",),
    "cosignature": ("epoch", "tree", "size", "witness"),
    "access": ("number",),
}
# What is bound by nothing, and why (docs/auditing.md says so too).
UNBOUND: Final = {
    ("record", "tag_salt"): "what it was hashed with is never kept",
    ("inbox_offset", "stopped"): "about what is not in the ledger yet",
    ("ledger_head", "one"): "a constant",
    ("ledger_head", "registry_version"): "how often writers were told to look again",
    ("ledger_head", "partition_width"): "how large the next partition will be",
    ("checkpoint", "stored"): "when the notary looked; the note has no time",
    ("cosignature", "stored"): "when the line came; it has a time of its own",
}
# Of an erased record the leaf still binds its position, id, time of storing and party; its books
# bind the source; these it took along.
GONE_WITH_CONTENT: Final = frozenset(
    ("occurred_at", "event_type", "on_behalf_of", "verb", "mapping_version", "warnings")
)
_LOOKS_SHARE: Final = 0.2


@contextmanager
def silenced(connection: Connection, *tables: str) -> Iterator[None]:
    """Without these tables' triggers, which stand afterwards as they did."""
    every = [*tables, "record_p0"] if "record" in tables else list(tables)
    for table in every:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
    yield
    found = connection.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
        "WHERE tgrelid = ANY(%s::text[]::regclass[]) AND tgenabled = 'D'",
        [every],
    )
    for table, trigger in found.fetchall():
        connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}".encode())


def rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    """All of them, in no order that matters."""
    key = ", ".join(KEYS.get(table, ("1",)))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"SELECT * FROM {table} ORDER BY {key}".encode()).fetchall()


def change(rng: random.Random, ledger: Ledger) -> None:
    """One bit, or another value, in one column of one row."""
    connection = ledger.superuser
    table = rng.choice(list(KEYS))
    found = rows(connection, table)
    column = rng.choice([c for c in found[0] if (table, c) not in UNBOUND])
    row = rng.choice(found)
    if table == "record" and row["payload"] is None and column in GONE_WITH_CONTENT:
        raise Nothing
    others = [one[column] for one in found if one[column] is not None]
    after = mutated(rng, column, row[column], others)
    if after == row[column] or _says_the_same(table, column, row[column], after):
        raise Nothing
    with silenced(connection, table):
        Mutation(table, KEYS[table], column, row, after).apply(connection)


def _says_the_same(table: str, column: str, before: Any, after: Any) -> bool:
    """A payload packed otherwise; words before no words; a verb that goes without saying."""
    if (table, column) == ("record", "verb"):
        return before is None or after is None
    if (table, column) != ("record", "payload") or before is None or after is None:
        return False
    unpack = dictionaries.unpacker().unpack
    try:
        return unpack(before) == unpack(after)
    except errors.BadPayload:
        return False


def delete(rng: random.Random, ledger: Ledger) -> None:
    """A row."""
    connection = ledger.superuser
    # Nobody but a witness can tell that a line of its is gone.
    table = rng.choice([name for name in KEYS if name not in ("ledger_head", "cosignature")])
    row = rng.choice(rows(connection, table))
    with silenced(connection, table):
        connection.execute(*_where(f"DELETE FROM {table}", table, row))


def insert(rng: random.Random, ledger: Ledger) -> None:
    """A row like another, under another key."""
    connection = ledger.superuser
    table = rng.choice([name for name in KEYS if name not in ("ledger_head", "erasure")])
    row = dict(rng.choice(rows(connection, table)))
    for column in KEYS[table]:
        row[column] = _fresh(rng, row[column])
    if table == "record":
        row["position"] = rng.randrange(10_000)
    with silenced(connection, table):
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join([sql.Placeholder()] * len(row)),
            ),
            list(row.values()),
        )


def _fresh(rng: random.Random, value: Any) -> Any:
    if isinstance(value, int):
        return rng.randrange(200)
    if value in TREES:
        return value
    if isinstance(value, str):
        return value + "x"
    return type(value)(int=rng.getrandbits(128))


def swap(rng: random.Random, ledger: Ledger) -> None:
    """Two records, or two outcomes, change places; their keys with them, and their times stay."""
    connection = ledger.superuser
    table, key = rng.choice((("record", "position"), ("outcome", "number")))
    one, other = rng.sample(rows(connection, table), 2)
    a, b = one[key], other[key]
    with silenced(connection, table, "statement_key"):
        for before, after in ((a, 9_999), (b, a), (9_999, b)):
            connection.execute(
                f"UPDATE {table} SET {key} = %s WHERE {key} = %s".encode(), [after, before]
            )
        for row, at in ((one, b), (other, a)):
            connection.execute(
                f"UPDATE {table} SET stored = %s WHERE {key} = %s".encode(),
                [other["stored"] if row is one else one["stored"], at],
            )
            if table == "record":
                connection.execute(
                    "UPDATE statement_key SET position = %s WHERE statement_id = %s",
                    [at, row["statement_id"]],
                )


def reseal(rng: random.Random, ledger: Ledger) -> None:
    """A column of a record changes, and the commitment with it: the database is in order."""
    connection = ledger.superuser
    sound = [one for one in history.records(connection, -1, 10_000) if one.payload]
    record = rng.choice(sound)
    column, value = rng.choice((
        ("occurred_at", record.occurred_at.replace(year=2001)),
        ("activity", "https://contoh.id/lain"),
        ("mapping_version", record.mapping_version + 1),
        ("salt", rng.randbytes(16)),
        ("content_tag", rng.randbytes(32)),
    ))  # fmt: skip
    with silenced(connection, "record"):
        Mutation("record", ("position",), column, _as_row(record), value).apply(connection)
        changed = history.record_at(connection, record.position)
        if changed is None or changed.payload is None:
            raise Nothing
        plain = dictionaries.unpacker().unpack(changed.payload)
        sealed = seal.record_commitment(changed, plain)
        Mutation("record", ("position",), "commitment", _as_row(record), sealed).apply(connection)


def _as_row(record: history.Record) -> dict[str, Any]:
    return {"position": record.position, "commitment": record.commitment}


def restamp(rng: random.Random, ledger: Ledger) -> None:
    """A record was stored at another time, which still lies between its neighbours'."""
    connection = ledger.superuser
    found = connection.execute(
        "SELECT r.position, n.stored FROM record r JOIN record n ON n.position = r.position + 1 "
        "WHERE n.stored > r.stored"
    ).fetchall()
    position, stored = rng.choice(found)
    with silenced(connection, "record"):
        connection.execute("UPDATE record SET stored = %s WHERE position = %s", [stored, position])


def truncate(rng: random.Random, ledger: Ledger) -> None:
    """The last records, or looks, are gone from every table, head and book: as never appended."""
    connection = ledger.superuser
    if rng.random() < _LOOKS_SHARE:
        with silenced(connection, "access", "checkpoint"):
            past = rng.randrange(9)
            connection.execute("DELETE FROM access WHERE number >= %s", [past])
            connection.execute("DELETE FROM checkpoint WHERE tree = 'looks' AND size > %s", [past])
        return
    ((past,),) = connection.execute("SELECT next_position FROM ledger_head").fetchall()
    end = past - rng.randrange(1, 40)
    with silenced(connection, "quarantine", *KEYS):
        for query in _TRUNCATING.split(";"):
            connection.execute(query.encode(), {"end": end})


_TRUNCATING: Final = """
DELETE FROM erasure WHERE ordered >= %(end)s;
DELETE FROM statement_key WHERE position >= %(end)s;
DELETE FROM statement_reference WHERE position >= %(end)s;
DELETE FROM party WHERE position >= %(end)s;
DELETE FROM person_registered WHERE position >= %(end)s;
DELETE FROM quarantine
WHERE number IN (SELECT number FROM outcome WHERE at_position > %(end)s);
DELETE FROM outcome WHERE at_position > %(end)s;
DELETE FROM record WHERE position >= %(end)s;
DELETE FROM checkpoint WHERE tree = 'records' AND size > %(end)s;
UPDATE ledger_head SET next_position = %(end)s,
    next_outcome = (SELECT coalesce(max(number), -1) + 1 FROM outcome),
    last_stored = (SELECT max(stored) FROM record);
UPDATE inbox_offset i SET delivered = s.many, next_offset = s.many
FROM (SELECT source_topic, source_partition, count(*) AS many
FROM (SELECT source_topic, source_partition FROM record WHERE source_kind = 'inbox'
    UNION ALL SELECT source_topic, source_partition FROM outcome WHERE source_kind = 'inbox') m
    GROUP BY 1, 2) s
WHERE (s.source_topic, s.source_partition) = (i.topic_id, i.partition)
"""


def roll_back(rng: random.Random, ledger: Ledger) -> None:
    """A head says that less was appended."""
    connection = ledger.superuser
    column = rng.choice(("next_position", "next_outcome"))
    with silenced(connection, "ledger_head"):
        connection.execute(
            f"UPDATE ledger_head SET {column} = {column} - %s".encode(), [rng.randrange(1, 9)]
        )


def meddle(rng: random.Random, ledger: Ledger) -> None:
    """A trigger, grant, function, constraint, index, role or policy is another."""
    left_alone = ("CREATE TABLE public.record_p10000000", "DETACH PARTITION")
    acts = [one for one in SERVER_TRACES if not any(word in one for word in left_alone)]
    acts += ODD
    tables = (*KEYS, "record_p0", "quarantine", "handling", "access", "profile", "change", "cursor")
    table = rng.choice(tables)
    role = rng.choice(("writer", "reader", "auditor", "projector", "publisher", "notary", "eraser"))
    right = rng.choice(("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"))
    ((column,),) = ledger.superuser.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped ORDER BY random() LIMIT 1",
        [table],
    ).fetchall()
    acts += [
        f"GRANT {right} ON {table} TO jejak_{role}",
        f"GRANT UPDATE ({column}) ON {table} TO jejak_{role}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} ENABLE TRIGGER append_only",
        f"DROP TRIGGER append_only ON {table}",
        f"ALTER TABLE {table} OWNER TO jejak_migrator",
        f"ALTER TABLE {table} ADD COLUMN sly integer",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT NULL",
        f"CREATE TRIGGER sly AFTER INSERT ON {table} EXECUTE FUNCTION ledger_refuse()",
        f"CREATE RULE sly AS ON DELETE TO {table} DO INSTEAD NOTHING",
        f"CREATE POLICY sly ON {table} USING (true)",
    ]
    before = _catalogue(ledger.superuser)
    ledger.superuser.execute(rng.choice(acts).encode())
    if _catalogue(ledger.superuser) == before:
        raise Nothing  # it was so already


# What nobody thought of before it was tried: each once went unseen, or nearly.
ODD: Final = (
    "ALTER FUNCTION ledger_is_erasing() IMMUTABLE",
    "ALTER FUNCTION ledger_erase(bigint) STRICT",
    "ALTER FUNCTION ledger_erase(bigint) LEAKPROOF",
    "ALTER FUNCTION ledger_erase(bigint) SECURITY INVOKER",
    "ALTER FUNCTION ledger_erase(bigint) RESET search_path",
    (
        "CREATE OR REPLACE FUNCTION ledger_is_erasing() RETURNS boolean LANGUAGE sql STABLE "
        "SET search_path = pg_catalog, pg_temp RETURN true"
    ),
    "CREATE OR REPLACE VIEW agency_change AS SELECT * FROM agency_change",
    "UPDATE pg_proc SET prosrc = 'BEGIN RETURN NULL; END' WHERE proname = 'ledger_refuse'",
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'statement_key_pk'::regclass",
    "UPDATE pg_index SET indisunique = false WHERE indexrelid = 'statement_key_pk'::regclass",
    "UPDATE pg_index SET indisready = false WHERE indexrelid = 'record_person'::regclass",
    "UPDATE pg_index SET indislive = false WHERE indexrelid = 'person_alias_person'::regclass",
    (
        "UPDATE pg_trigger SET tgenabled = 'D' "
        "WHERE tgname = 'erase_only' AND tgrelid = 'record_p0'::regclass"
    ),
    "UPDATE pg_constraint SET convalidated = false WHERE conname = 'outcome_pk'",
    (
        "UPDATE pg_attribute SET attnotnull = false "
        "WHERE attrelid = 'record'::regclass AND attname = 'party'"
    ),
    "UPDATE pg_class SET relrowsecurity = false WHERE relname = 'profile'",
    "UPDATE pg_class SET relacl = NULL WHERE relname = 'record'",
    'ALTER TABLE outcome ALTER COLUMN party TYPE text COLLATE "C"',
    "ALTER TABLE outcome DROP CONSTRAINT outcome_kind",
    "ALTER TABLE access DROP CONSTRAINT access_purpose",
    "ALTER ROLE jejak_auditor SET search_path = pg_temp, public",
    "ALTER ROLE jejak_writer SET synchronous_commit = off",
    "ALTER ROLE ALL SET session_replication_role = replica",
    "GRANT SET ON PARAMETER session_replication_role TO jejak_writer",
    "GRANT ALTER SYSTEM ON PARAMETER fsync TO jejak_writer",
    "CREATE FUNCTION pg_catalog.sly(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT",
    "CREATE OPERATOR public.=== (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = byteaeq)",
    "CREATE DOMAIN public.sly AS text",
    "CREATE ROLE sly LOGIN; GRANT pg_write_all_data TO sly",
    "GRANT UPDATE ON record TO PUBLIC",
    "CREATE TABLE public.sly () INHERITS (outcome)",
    (
        "CREATE SUBSCRIPTION sly CONNECTION 'dbname=x' PUBLICATION y "
        "WITH (connect = false, enabled = false)"
    ),
    "INSERT INTO epoch SELECT gen_random_uuid(), epoch, 1, 1, 1, now(), 'x', 'y' FROM ledger_head",
)

_CATALOGUES: Final = (
    "pg_attribute", "pg_trigger", "pg_proc", "pg_rewrite", "pg_policy", "pg_constraint",
    "pg_index", "pg_attrdef", "pg_auth_members", "pg_roles", "pg_namespace", "pg_publication",
    "pg_event_trigger", "pg_default_acl", "pg_db_role_setting", "pg_parameter_acl", "pg_cast",
    "pg_operator", "pg_subscription", "epoch",
    "(SELECT typname, typtype, typowner FROM pg_type)",
    "(SELECT relname, relowner, relacl, relrowsecurity, reloptions FROM pg_class)",
)  # fmt: skip


def _catalogue(connection: Connection) -> tuple[object, ...]:
    """A glance at what may have changed, without the audit's own eyes."""
    query = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} t"
    return tuple(connection.execute(query.format(one).encode()).fetchone() for one in _CATALOGUES)


def mislead(rng: random.Random, ledger: Ledger) -> None:
    """A profile, the evidence beneath it, or what was told of it is not what the records say."""
    connection = ledger.superuser
    whats = ("document", "evidence", "gone", "evidence gone", "evidence more", "agency", "told")
    what = rng.choice(whats)
    if what == "document":
        _, person_id, document = _profile(rng, connection)
        at = rng.randrange(len(document))
        letter = chr(ord(document[at]) ^ 1)
        changed = document[:at] + letter + document[at + 1 :]
        digest = hashlib.sha256(changed.encode()).hexdigest()
        query = "UPDATE profile SET document = %s, digest = %s WHERE person_id = %s"
        done = connection.execute(query, [changed, digest, person_id])
    elif what == "gone":
        done = connection.execute("DELETE FROM profile WHERE person_id = %s",
                                  [_profile(rng, connection)[1]])  # fmt: skip
    elif what == "agency":
        done = connection.execute(
            "UPDATE profile SET home = '9999', working = '9999' WHERE person_id = %s",
            [_profile(rng, connection)[1]],
        )
    elif what == "told":
        done = connection.execute(
            "DELETE FROM change "
            "WHERE number = (SELECT number FROM change ORDER BY random() LIMIT 1)"
        )
    elif what == "evidence more":
        done = connection.execute(
            "UPDATE evidence SET document = document || '{\"sly\": 1}' "
            "WHERE position = (SELECT position FROM evidence ORDER BY random() LIMIT 1)"
        )
    elif what == "evidence":
        done = connection.execute(
            "UPDATE evidence SET document = "
            "jsonb_set(document::jsonb, '{origin,party}', '\"lain\"')::text "
            "WHERE position = (SELECT position FROM evidence ORDER BY random() LIMIT 1)"
        )
    else:
        done = connection.execute(
            "DELETE FROM evidence "
            "WHERE position = (SELECT position FROM evidence ORDER BY random() LIMIT 1)"
        )
    if not done.rowcount:
        raise Nothing


def _profile(rng: random.Random, connection: Connection) -> tuple[int, Any, str]:
    found = connection.execute(
        "SELECT generation, person_id, document FROM profile ORDER BY person_id"
    ).fetchall()
    return rng.choice(found)


def edit_file(rng: random.Random, ledger: Ledger) -> None:
    """A bit of a file of the log, its end, or all of it."""
    path = rng.choice(files(ledger.folder))
    content = path.read_bytes()
    how = rng.choice(("bit", "bit", "bit", "cut", "gone", "more", "stray"))
    if how == "stray":
        stray = (
            ledger.folder
            / rng.choice(("tile", "outcomes/tile", "looks/tile"))
            / rng.choice(_STRAYS)
        )
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(content)
    elif how == "gone":
        if ".p" in path.parts[-2]:
            raise Nothing  # a partial tile may go, once there is a fuller one
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: rng.randrange(len(content))])
    elif how == "more":
        if path.name != "checkpoint":
            raise Nothing  # what stands behind the last entry is no entry of the tree
        path.write_bytes(content + content)
    else:
        flipped = bytearray(content)
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)


# Names that nothing of a log has.
_STRAYS: Final = ("README", "8/0/000", "0/0000", "0/x000/001", "entries/000.p/256", "0/000.p/01")


def swap_files(rng: random.Random, ledger: Ledger) -> None:
    """Two tiles, or two bundles, change places."""
    kinds = [path for path in files(ledger.folder) if "tile" in path.parts]
    one, other = rng.sample(kinds, 2)
    a, b = one.read_bytes(), other.read_bytes()
    if a == b:
        raise Nothing
    one.write_bytes(b)
    other.write_bytes(a)


def files(folder: Path) -> list[Path]:
    """What some checkpoint rests on."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".new" not in path.parts]
    return sorted(found)


def _where(query: str, table: str, row: Mapping[str, Any]) -> tuple[bytes, list[Any]]:
    rule = " AND ".join(f"{column} = %s" for column in KEYS[table])
    return f"{query} WHERE {rule}".encode(), [row[column] for column in KEYS[table]]


# Kind, what it is, and how often it is done beside the others.
DEEDS: Final[Mapping[str, tuple[Deed, int]]] = {
    "a column changed": (change, 34),
    "a row deleted": (delete, 10),
    "a row invented": (insert, 8),
    "two rows swapped": (swap, 6),
    "a record rewritten and sealed anew": (reseal, 8),
    "a time of storing moved": (restamp, 4),
    "the end cut off": (truncate, 4),
    "a head rolled back": (roll_back, 3),
    "trigger, grant, function, role": (meddle, 8),
    "profile or evidence changed": (mislead, 5),
    "a file of the log edited": (edit_file, 7),
    "files of the log swapped": (swap_files, 3),
}
