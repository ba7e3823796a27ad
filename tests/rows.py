"""Finished rows, batches and an inbox for tests of the ledger, sealed as the walk seals them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from msgspec.structs import replace
from uuid_utils.compat import uuid7

from jejak_lrs.ledger import seal
from jejak_lrs.ledger.batch import (
    SYSTEM,
    Alias,
    Batch,
    Delivered,
    Item,
    NewPerson,
    Refused,
    Row,
    Source,
    Span,
)
from jejak_lrs.ledger.payload import Packer

TOPIC = UUID("00000000-0000-4000-8000-00000000abcd")
TOPIC_NAME = "jejak.inbox.lan"
DAY = date(2026, 11, 1)
_PACKER = Packer()


def row(
    offset: int,
    *,
    statement_id: UUID | None = None,
    said: bytes = b"completed",
    partition: int = 0,
    source: Source | None = None,
    person_id: UUID | None = None,
    verb: str = "http://adlnet.gov/expapi/verbs/completed",
    occurred_at: datetime = datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
) -> Row:
    """A row from the test's inbox that says `said`."""
    salt, tag_salt = seal.salts()
    digest = seal.digest(b"\x05" * 32, said)
    unsealed = Row(
        statement_id=statement_id or uuid7(),
        occurred_at=occurred_at,
        event_type="CourseCompleted",
        party="lan",
        on_behalf_of=None,
        person_id=person_id,
        agency=None,
        verb=verb,
        activity="https://example.id/course/1",
        source=source or Source("inbox", TOPIC, partition, offset),
        mapping_version=1,
        payload=_PACKER.pack(said),
        salt=salt,
        tag_salt=tag_salt,
        content_tag=seal.content_tag(tag_salt, digest),
        commitment=b"",
        digest=digest,
        original=Delivered(b"key", said, (("ce_type", b"x"), ("none", None))),
    )
    return replace(unsealed, commitment=commitment_of(unsealed, said))


def commitment_of(of: Row, plain: bytes) -> bytes:
    """The commitment as the walk computes it."""
    return seal.record_commitment(of, plain)


def refused(offset: int, *, partition: int = 0, reason: str = "nip-impossible") -> Refused:
    """A refusal from the test's inbox."""
    return Refused(
        source=Source("inbox", TOPIC, partition, offset),
        event_id=None,
        reason=reason,
        field="learner.nip",
        detail=None,
        original=Delivered(None, b"\xc3\x01\x00", ()),
    )


def newcomer(value: str, kind: str = "nip") -> NewPerson:
    """A person never seen before, with a finished PersonSeen."""
    seen = replace(row(0, source=SYSTEM), event_type="PersonSeen")
    alias = Alias(kind, value, uuid7(), seal.salt(), DAY, seen.statement_id)
    return NewPerson(alias.person_id, alias, replace(seen, person_id=alias.person_id))


def needing(of: Row, *newcomers: NewPerson) -> Row:
    """The row, about the first of these new persons and needing all of them."""
    return replace(
        of, person_id=newcomers[0].person_id, needs=tuple(new.alias for new in newcomers)
    )


def batch(
    items: Sequence[Item],
    *,
    start: int = 0,
    end: int | None = None,
    newcomers: Sequence[NewPerson] = (),
    registry_version: int = 0,
) -> Batch:
    """A batch of partition 0 from `start`; with no inbox item it has no span."""
    offsets = [item.source.offset or 0 for item in items if item.source.kind == "inbox"]
    spans = []
    if offsets or end is not None:
        past = end if end is not None else max(offsets) + 1
        spans = [Span(TOPIC, TOPIC_NAME, 0, start, past)]
    return Batch(
        items=items,
        registry_version=registry_version,
        spans=spans,
        newcomers={new.person_id: new for new in newcomers},
    )
