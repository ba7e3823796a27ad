"""Filling a ledger with copies of itself: real rows of every column, as many as are asked for.

What is copied are the records about persons, with their keys, evidence, profiles and aliases; those
about none (rules, parties) are few in a ledger of any size. Each copy has positions, ids and people
of its own, and its ids follow those before it, as UUIDv7s do. The columns are the tables' own.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, LiteralString
from uuid import UUID

from psycopg import sql

from jejak_lrs.database import Connection

_HEX: Final = "replace({}::text, '-', '')"
_TIME: Final = f"('x' || left({_HEX}, 12))::bit(48)::bigint + %(copy)s::bigint * %(span)s"
_NEXT_ID: Final = f"(lpad(to_hex({_TIME}), 12, '0') || substr({_HEX}, 13))::uuid"
_OTHER: Final[Mapping[str, str]] = {  # columns that differ from copy to copy
    "position": "%(base)s + rank",
    "arrived": "%(base)s + rank",
    "stored": "stored + %(copy)s::bigint * %(time)s",
    "statement_id": _NEXT_ID.format(*["statement_id"] * 2),
    "person_id": "md5(person_id::text || %(copy)s)::uuid",
    "value": "lpad((%(copy)s::bigint * %(people)s + number)::text, 18, '0')",
}
_RANKED: LiteralString = "SELECT t.*, s.rank FROM {} t JOIN seed s USING (position)"
_OF_PERSON: LiteralString = (
    "SELECT t.*, s.rank, row_number() OVER (ORDER BY t.person_id) AS number"
    " FROM {} t JOIN person p USING (person_id) JOIN seed s ON s.position = p.position"
)
_TABLES: Final[Mapping[str, LiteralString]] = {
    "record": _RANKED,
    "statement_key": _RANKED,
    "evidence": _RANKED,
    "person": _RANKED,
    "person_alias": _OF_PERSON,
    "profile": _OF_PERSON,
}
_FAST: Final = {
    "fsync": "off", "autovacuum": "off", "max_wal_size": "'8GB'", "maintenance_work_mem": "'1GB'",
}  # fmt: skip


def fill(connection: Connection, records: int) -> int:
    """Let a ledger have at least so many records; as superuser. How many copies that took.

    Nobody else may write to it meanwhile.
    """
    size, span, time = _take_seeds(connection)
    ((base, people),) = connection.execute(
        "SELECT next_position, (SELECT count(*) FROM person) FROM ledger_head"
    ).fetchall()
    copies = [(table, _copying(connection, table)) for table in _TABLES]
    number = max(0, -(-(records - base) // size))
    with hurried(connection), without_indexes(connection, _TABLES):
        for copy in range(1, number + 1):
            given = {"copy": copy, "span": span, "time": time, "base": base, "people": people}
            with connection.transaction():
                connection.execute("SELECT ledger_make_room(%s)", [base + size])
                for _, query in copies:
                    connection.execute(query, given)
                base += size
                connection.execute(
                    "UPDATE ledger_head SET next_position = %s, last_stored = last_stored + %s",
                    [base, time],
                )
    connection.execute("DROP TABLE seed, " + ", ".join(f"seed_{table}" for table in _TABLES))
    return int(number)


def fill_projected(connection: Connection, records: int) -> int:
    """The same of a ledger that the bench's walk has filled, as if all of it had been projected."""
    give_aliases(connection)
    copies = fill(connection, records)
    connection.execute(
        "UPDATE cursor SET position = (SELECT next_position - 1 FROM ledger_head) "
        "WHERE follower = 'projector'"
    )
    return copies


def person_of(person_id: UUID, copy: int) -> UUID:
    """Who a person is in a copy; 0: the first of all."""
    return UUID(hashlib.md5(f"{person_id}{copy}".encode()).hexdigest()) if copy else person_id  # noqa: S324


def give_aliases(connection: Connection) -> None:
    """Person and alias for everyone whom a record is about; the bench's walk knew them already."""
    connection.execute(
        "INSERT INTO person SELECT person_id, min(position) FROM record"
        " WHERE person_id IS NOT NULL GROUP BY person_id"
    )
    connection.execute(
        "INSERT INTO person_alias (kind, value, person_id, salt, since, statement_id)"
        " SELECT 'nip', lpad((row_number() OVER (ORDER BY position))::text, 18, '0'), person_id,"
        " uuid_send(gen_random_uuid()), '2020-01-01', statement_id"
        " FROM person JOIN record USING (person_id, position)"
    )


def _take_seeds(connection: Connection) -> tuple[int, int, timedelta]:
    """What will be copied, ranked; how many records, the milliseconds that their ids span, the time
    that storing them took.
    """  # noqa: D205
    connection.execute(
        "CREATE UNLOGGED TABLE seed AS SELECT position, row_number() OVER (ORDER BY position) - 1"
        " AS rank, statement_id FROM record WHERE person_id IS NOT NULL"
    )
    connection.execute("ANALYZE seed")
    for table, query in _TABLES.items():
        named = sql.Identifier(f"seed_{table}")
        rows = sql.SQL(query).format(sql.Identifier(table))
        connection.execute(sql.SQL("CREATE UNLOGGED TABLE {} AS {}").format(named, rows))
    ((size, first, last, time),) = connection.execute(
        "SELECT count(*), min(statement_id::text), max(statement_id::text),"
        " max(stored) - min(stored) + interval '1 ms' FROM seed_record"
    ).fetchall()
    return int(size), _milliseconds(last) - _milliseconds(first) + 1, time


def _milliseconds(uuid7: str) -> int:
    return int(uuid7.replace("-", "")[:12], 16)


def _copying(connection: Connection, table: str) -> sql.Composed:
    """The query that inserts a copy of a table's seeds."""
    columns = [
        name
        for (name,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            [table],
        )
    ]
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY rank").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.SQL(_value(name)) for name in columns),
        sql.Identifier(f"seed_{table}"),
    )


def _value(column: str) -> LiteralString:
    other: LiteralString = _OTHER.get(column, f'"{column}"')
    return other


@contextmanager
def without_indexes(connection: Connection, tables: Iterable[str]) -> Iterator[None]:
    """Without the indexes that keep nothing apart, which are made again, the same, at the end."""
    found = connection.execute(
        "SELECT c.relname, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE NOT indisunique AND indrelid = ANY(%s::text[]::regclass[])",
        [list(tables)],
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    try:
        yield
    finally:
        for _, definition in found:
            connection.execute(definition)


@contextmanager
def hurried(connection: Connection) -> Iterator[None]:
    """Without writing through to the disk, for what is lost is made again; tidy at the end."""
    for setting, value in _FAST.items():
        connection.execute(f"ALTER SYSTEM SET {setting} = {value}")
    connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        for setting in _FAST:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
