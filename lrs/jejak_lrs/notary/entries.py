r"""The log's entries out of the ledger, as fast as they can be had.

The canonical encoding of audit.leaf is what PostgreSQL's binary COPY writes of a row: each field
after its length in four bytes, null as FF FF FF FF, uuid, bigint, text and bytea as they are. So an
entry is a version byte and a row as it comes, without the number of fields before it. A test holds
both against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from psycopg import sql

from jejak_lrs.errors import Inconsistent
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS, Name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jejak_lrs.database import Connection

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00"
_HEADER: Final = len(_SIGNATURE) + 8  # flags, and the length of an extension
_COUNT: Final = 2  # bytes of a row's number of fields
_VERSION: Final = b"\x01"
_ROWS: Final[Mapping[Name, LiteralString]] = {
    RECORDS: "SELECT position, statement_id, (extract(epoch FROM stored) * 1000000)::bigint, "
    "party, commitment FROM record WHERE position >= {} AND position < {} ORDER BY position",
    OUTCOMES: "SELECT number, at_position, (extract(epoch FROM stored) * 1000000)::bigint, "
    "party, commitment FROM outcome WHERE number >= {} AND number < {} ORDER BY number",
    LOOKS: "SELECT number, (extract(epoch FROM at) * 1000000)::bigint, "
    "sha256(uuid_send(id) || chain) FROM access WHERE number >= {} AND number < {} ORDER BY number",
}


def read(connection: Connection, tree: Name, first: int, end: int) -> list[bytes]:
    """The entries first to end - 1 of a tree; both MUST lie below the head.

    Raises:
        Inconsistent: the ledger does not hold them all.
    """
    if first == end:
        return []
    rows = sql.SQL(_ROWS[tree]).format(sql.Literal(first), sql.Literal(end))
    query = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(rows)
    with connection.cursor() as cursor, cursor.copy(query) as source:
        entries = [_VERSION + bytes(row[_COUNT:]) for row in source]
    # The header comes with the first row, and the trailer is a row that has no fields.
    entries[0] = _VERSION + entries[0][len(_VERSION) + _HEADER :]
    entries.pop()
    if len(entries) != end - first:
        raise Inconsistent(
            f"the ledger has {len(entries)} of the {tree} {first} to {end - 1}: some are gone"
        )
    return entries
