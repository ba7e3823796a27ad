"""Calendar arithmetic on Jakarta dates. Source: competency.md rule 11."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

FOREVER: Final = date.max  # stands for "no end" where days are compared


@lru_cache(maxsize=65_536)
def months_later(day: date, months: int) -> date:
    """The same day `months` later, clamped to that month's end; FOREVER past year 9999."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > FOREVER.year:
        return FOREVER
    month = month0 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@lru_cache(maxsize=1_024)
def calendar_year(year: int) -> tuple[date, date]:
    """The days [from, to) of a year."""
    return date(year, 1, 1), end_of(date(year, 12, 31))


def next_day(day: date) -> date:
    """The day after `day`; FOREVER stays."""
    return day if day == FOREVER else day + timedelta(days=1)


def end_of(valid_until: date | None) -> date:
    """The first day that no longer counts, for a last valid day included."""
    return FOREVER if valid_until is None else next_day(valid_until)


def closing(end: date) -> date | None:
    """An end as profiles show it: None where there is none."""
    return None if end == FOREVER else end


def merged(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans [from, to) that touch or overlap as one, in order."""
    found: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
