"""The rows of inbox_offset: which partitions are consumed, and up to where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from jejak_lrs.database import Connection

_COLUMNS: LiteralString = (
    "topic_id, partition, topic, party, generation, next_offset, delivered, stopped"
)


@dataclass(frozen=True, slots=True)
class Inbox:
    """One partition of an inbox.

    `next_offset` is the first not yet appended; `stopped` says why the partition must never be read
    on, None where it may.
    """

    topic_id: UUID
    partition: int
    topic: str
    party: str
    generation: int
    next_offset: int
    delivered: int
    stopped: str | None = None

    @property
    def key(self) -> tuple[UUID, int]:
        """(topic id, partition), the primary key."""
        return self.topic_id, self.partition


def open_inbox(
    connection: Connection,
    *,
    topic_id: UUID,
    topic: str,
    partitions: int,
    party: str,
    generation: int = 1,
) -> int:
    """Let the partitions of an inbox be consumed from their beginning; as the writer.

    Rows that exist stay as they are. Returns how many are new.
    """
    opened = connection.execute(
        "SELECT count(*) FROM generate_series(0, %s - 1) AS p WHERE inbox_open(%s, p, %s, %s, %s)",
        [partitions, topic_id, topic, party, generation],
    ).fetchone()
    return opened[0] if opened else 0


def all_inboxes(connection: Connection) -> list[Inbox]:
    """Every partition consumed, by topic and partition."""
    with connection.cursor(row_factory=class_row(Inbox)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM inbox_offset ORDER BY topic, generation, partition"  # noqa: S608 - our own columns
        ).fetchall()


def stored_offsets(
    connection: Connection, keys: Iterable[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Inbox]:
    """Where to go on, by (topic id, partition); what is not consumed is missing.

    Waits for an append in progress (FOR UPDATE): a plain read would see the old offset while an
    orphaned backend still commits. As the writer.
    """
    with connection.transaction():
        return lock_offsets(connection, keys)


def lock_offsets(
    connection: Connection, keys: Iterable[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Inbox]:
    """The same, keeping the rows locked until the end of the caller's transaction."""
    wanted = list(keys)
    with connection.cursor(row_factory=class_row(Inbox)) as cursor:
        found = cursor.execute(
            "SELECT " + _COLUMNS + " FROM inbox_offset "  # noqa: S608 - our own columns
            "JOIN unnest(%s::uuid[], %s::int[]) "
            "AS wanted (topic_id, partition) USING (topic_id, partition) "
            "ORDER BY topic_id, partition FOR UPDATE OF inbox_offset",
            [[topic_id for topic_id, _ in wanted], [partition for _, partition in wanted]],
        ).fetchall()
    return {inbox.key: inbox for inbox in found}


def stop(connection: Connection, key: tuple[UUID, int], at: int, why: str) -> bool:
    """Let a partition never be read on, whoever consumes it; as the writer.

    The first reason stays. What ends it is another topic under the name: `open_inbox`.
    False, and nothing is done, where the ledger does not stand `at` that offset: then the caller is
    not the one who consumes it.
    """
    stopped = connection.execute(
        "UPDATE inbox_offset SET stopped = coalesce(stopped, %s) "
        "WHERE topic_id = %s AND partition = %s AND next_offset = %s",
        [why, *key, at],
    )
    return stopped.rowcount == 1
