"""An independent judge: what was sent and acknowledged, what Kafka holds, what the ledger says.

Pure: `judge` compares what `reading` saw. It knows the promises of docs/guarantees.md, and nothing
of how the product keeps them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(frozen=True, slots=True)
class Link:
    """One message of a numbered chain, and what it is about."""

    seq: int
    prev_seq: int
    about: object


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything there is to see of a system at rest.

    `inbox` has the SHA-256 of every message in Kafka; `records` (position, id, source), by
    position, a source only where it is an inbox; `outcomes` (number, kind, source) likewise;
    `head` the next position and outcome; `offsets` (next_offset, delivered) of each inbox
    partition; `receipts` what a plain reader sees of each inbox's chain of receipts; `changes` the
    agency's chain, `told` the changes that the ledger has for it; `unlike` the persons whose stored
    profile is not the fold of their history.
    """

    inbox: Mapping[Place, bytes]
    records: Sequence[tuple[int, UUID, Place | None]]
    keys: Mapping[UUID, int]
    outcomes: Sequence[tuple[int, str, Place | None]]
    head: tuple[int, int]
    offsets: Mapping[tuple[str, int], tuple[int, int]]
    receipts: Mapping[str, Sequence[Link]]
    changes: Sequence[Link]
    told: Sequence[UUID]
    unlike: Sequence[UUID] = ()


@dataclass(slots=True)
class Verdict:
    """What is wrong, each said in one line."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """How many are lost, doubled, gaps and unbalanced."""
        return len(self.lost), len(self.doubled), len(self.gaps), len(self.unbalanced)

    @property
    def words(self) -> list[str]:
        """All lines."""
        return [*self.lost, *self.doubled, *self.gaps, *self.unbalanced]


def judge(
    seen: Seen, sent: Mapping[bytes, UUID | None], acknowledged: Mapping[Place, UUID | None]
) -> Verdict:
    """Compare everything with everything.

    Args:
        seen: the system at rest.
        sent: the SHA-256 of each message that was ever sent, and its id; None for garbage.
        acknowledged: where the broker said that it put what.
    """
    verdict = Verdict()
    ids = {place: sent.get(digest) for place, digest in seen.inbox.items()}
    for place, event_id in acknowledged.items():
        if place not in ids or ids[place] != event_id:
            verdict.lost.append(f"{place}: acknowledged, and not in the inbox")
    _judge_positions(verdict, seen)
    _judge_fates(verdict, seen, ids)
    _judge_offsets(verdict, seen)
    for inbox, links in seen.receipts.items():
        _judge_receipts(verdict, inbox, links, seen.inbox)
    _judge_changes(verdict, seen)
    verdict.unbalanced += [f"{person}: the profile is not the fold" for person in seen.unlike]
    return verdict


def followed(links: Iterable[Link], said: list[str]) -> Iterator[Link]:
    """What a reader takes by the documented rule; adds each gap to `said` and reads on."""
    last = 0
    for link in links:
        if link.seq <= last:
            continue
        if link.prev_seq != last:
            said.append(f"link {link.seq} follows {link.prev_seq}, the last was {last}")
        last = link.seq
        yield link


def _judge_positions(verdict: Verdict, seen: Seen) -> None:
    for what, numbers, end in (
        ("position", [position for position, *_ in seen.records], seen.head[0]),
        ("outcome", [number for number, *_ in seen.outcomes], seen.head[1]),
    ):
        held = Counter(numbers)
        verdict.gaps += [f"{what} {at}: nothing there" for at in range(end) if at not in held]
        verdict.gaps += [f"{what} {at}: past the head" for at in held if at >= end]
        verdict.doubled += [f"{what} {at}: twice" for at, times in held.items() if times > 1]
    if seen.keys != {event_id: position for position, event_id, _ in seen.records}:
        verdict.unbalanced.append("the keys are not those of the records")


def _judge_fates(verdict: Verdict, seen: Seen, ids: Mapping[Place, UUID | None]) -> None:
    """Every message has one fate, and the right one; every id of an inbox one record."""
    firsts = {event_id: place for _, event_id, place in seen.records if place}
    held = Counter(event_id for _, event_id, _ in seen.records)
    for event_id in {each for each in ids.values() if each is not None}:
        if not held[event_id]:
            verdict.lost.append(f"{event_id}: in the inbox, and no record")
        elif held[event_id] > 1:
            verdict.doubled.append(f"{event_id}: {held[event_id]} records")
    fates: dict[Place, list[str]] = {place: [] for place in ids}
    for kind, place in _fates(seen):
        fates.setdefault(place, []).append(kind)
    for place, kinds in fates.items():
        if not kinds:
            verdict.lost.append(f"{place}: no fate")
        elif len(kinds) > 1:
            verdict.doubled.append(f"{place}: {kinds}")
        elif kinds[0] != (due := _due(place, seen.inbox, ids, firsts)):
            verdict.unbalanced.append(f"{place}: {kinds[0]}, due is {due}")


def _fates(seen: Seen) -> Iterator[tuple[str, Place]]:
    yield from (("recorded", place) for *_, place in seen.records if place)
    yield from ((kind, place) for _, kind, place in seen.outcomes if place)


def _due(
    place: Place,
    inbox: Mapping[Place, bytes],
    ids: Mapping[Place, UUID | None],
    firsts: Mapping[UUID, Place],
) -> str:
    """What must have become of a message, by its bytes and those that were recorded."""
    event_id = ids.get(place)
    if event_id is None:
        return "refused" if place in ids else "nothing: Kafka has no such message"
    first = firsts.get(event_id)
    if first is None or first == place:
        return "recorded"
    return "duplicate" if inbox[first] == inbox[place] else "conflict"


def _judge_offsets(verdict: Verdict, seen: Seen) -> None:
    """Per inbox partition: as many fates as messages, and both counters say so."""
    messages = Counter(place[:2] for place in seen.inbox)
    fates = Counter(place[:2] for _, place in _fates(seen))
    for at, (next_offset, delivered) in seen.offsets.items():
        if not messages[at] == fates[at] == next_offset == delivered:
            verdict.unbalanced.append(
                f"{at}: {messages[at]} messages, {fates[at]} fates, "
                f"next offset {next_offset}, delivered {delivered}"
            )


def _judge_receipts(
    verdict: Verdict, inbox: str, links: Sequence[Link], messages: Mapping[Place, bytes]
) -> None:
    told = Counter(link.about for link in followed(links, verdict.gaps))
    due = {place for place in messages if place[0] == inbox}
    verdict.lost += [f"{place}: no receipt" for place in due if place not in told]
    verdict.doubled += [f"{about}: {times} receipts" for about, times in told.items() if times > 1]
    verdict.unbalanced += [f"{about}: a receipt for nothing" for about in told if about not in due]


def _judge_changes(verdict: Verdict, seen: Seen) -> None:
    heard = [link.about for link in followed(seen.changes, verdict.gaps)]
    doubled = [f"change {about}: twice" for about, times in Counter(heard).items() if times > 1]
    verdict.doubled += doubled
    verdict.lost += [f"change {told}: not heard" for told in seen.told if told not in set(heard)]
    if not doubled and len(heard) == len(seen.told) and heard != list(seen.told):
        verdict.unbalanced.append("the changes are heard in another order")
