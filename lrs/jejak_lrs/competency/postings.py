"""Where and as what a person serves, day by day: BKN's word, the later start over the earlier."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.facts import Posting


@dataclass(frozen=True, slots=True)
class Serving:
    """A posting in its days [starts, ends)."""

    posting: Posting
    starts: date
    ends: date


def posting_on(postings: Iterable[Posting], day: date) -> Posting | None:
    """The posting of a day: the greatest (valid_from, occurred_at, statement_id) begun by then."""
    begun = [one for one in postings if one.valid_from <= day]
    return max(begun, key=_order, default=None)


def timeline(postings: Iterable[Posting]) -> tuple[Serving, ...]:
    """Every stretch of service, in order, each until the next begins."""
    by_start = {one.valid_from: one for one in sorted(postings, key=_order)}
    starts = sorted(by_start)
    return tuple(
        Serving(by_start[start], start, end) for start, end in pairwise([*starts, FOREVER])
    )


def _order(posting: Posting) -> tuple[object, ...]:
    return (posting.valid_from, *posting.origin.order)
