"""Where and as what a person serves, day by day.

BKN's word, the later start over the earlier, until a separation. Before its first word an agency's
claim holds where no other agency claims the same person. Source: docs/contract, PersonRegistered,
PersonMoved, PersonSeparated and RosterDeclared.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from msgspec.structs import replace

from jejak_lrs.competency.days import FOREVER, closing, end_of
from jejak_lrs.competency.facts import Claim, Posting, Separation
from jejak_lrs.competency.profile import Claimed, Separated, Served
from jejak_lrs.competency.succession import Succession

Word = Posting | Separation  # BKN's


def word_on(words: Iterable[Word], day: date) -> Word | None:
    """BKN's word of a day: the greatest (valid_from, occurred_at, statement_id) begun by then."""
    begun = [one for one in words if one.valid_from <= day]
    return max(begun, key=_order) if len(begun) > 1 else next(iter(begun), None)


def posting_on(words: Iterable[Word], day: date) -> Posting | None:
    """The posting of a day; None before the first, and after a separation."""
    word = word_on(words, day)
    return word if isinstance(word, Posting) else None


def stretches(words: Iterable[Word]) -> Iterator[tuple[Word, date, date]]:
    """BKN's words in their days [from, to), in order, each until the next begins."""
    by_start = {one.valid_from: one for one in sorted(words, key=_order)}
    for start, end in pairwise([*sorted(by_start), FOREVER]):
        yield by_start[start], start, end


def served(words: Sequence[Word], succession: Succession) -> tuple[Served, ...]:
    """Every stretch of service, in order, under the agencies of its days."""
    found = [
        one
        for word, start, end in stretches(words)
        if isinstance(word, Posting)
        for one in _served(word, start, end, succession)
    ]
    return tuple(found)


def _served(word: Posting, start: date, end: date, succession: Succession) -> Iterator[Served]:
    for first, last in _parts(start, end, succession.turns([word.home, word.working])):
        yield Served(
            starts=first,
            ends=closing(last),
            home=succession.agency_on(word.home, first),
            working=succession.agency_on(word.working, first),
            position_class=word.position_class,
            employment=word.employment,
            unit=word.unit,
            position=word.position,
        )


def separated(words: Iterable[Word]) -> tuple[Separated, ...]:
    """The days on which the person had left the service."""
    if Separation not in map(type, words):
        return ()
    return tuple(
        Separated(starts=start, ends=closing(end), reason=word.reason)
        for word, start, end in stretches(words)
        if isinstance(word, Separation)
    )


def claimed(
    claims: Sequence[Claim], words: Sequence[Word], succession: Succession
) -> tuple[Claimed, ...]:
    """Who claims the person, on days before BKN's first word."""
    if not claims:
        return ()
    last = {(one.agency, one.valid_from): one for one in sorted(claims, key=_order)}
    first_word = min((one.valid_from for one in words), default=FOREVER)
    found: list[Claimed] = []
    for start, end in _parts(date.min, first_word, _claim_turns(last.values(), succession)):
        one = _claimed(last.values(), start, end, succession)
        if one is None:
            continue
        if found and found[-1].ends == start and _same(found[-1], one):
            one = replace(one, starts=found.pop().starts)
        found.append(one)
    return tuple(found)


def _claimed(
    claims: Iterable[Claim], start: date, end: date, succession: Succession
) -> Claimed | None:
    live: dict[str, Claim] = {}
    for one in claims:  # in order: the last word of each agency
        if one.valid_from <= start < end_of(one.valid_until):
            live[succession.agency_on(one.agency, start)] = one
    if not live:
        return None
    only = next(iter(live.values())) if len(live) == 1 else None
    return Claimed(
        starts=start,
        ends=closing(end),
        agencies=tuple(sorted(live)),
        unit=only.unit if only else None,
        position=only.position if only else None,
        position_class=only.position_class if only else None,
    )


def _claim_turns(claims: Iterable[Claim], succession: Succession) -> set[date]:
    days = {day for one in claims for day in (one.valid_from, end_of(one.valid_until))}
    return days | succession.turns({one.agency for one in claims})


def _same(one: Claimed, other: Claimed) -> bool:
    return replace(one, starts=other.starts, ends=other.ends) == other


def _parts(start: date, end: date, turns: Iterable[date]) -> Iterator[tuple[date, date]]:
    """The days [start, end) in parts, each from one turn to the next."""
    yield from pairwise(sorted({start, end, *(day for day in turns if start < day < end)}))


def _order(said: Word | Claim) -> tuple[object, ...]:
    return (said.valid_from, *said.origin.order)
