"""Time as the contract sees it: UTC microseconds on the wire, Jakarta dates in the rules.

Source: competency.md rule 11, "calendar dates in Asia/Jakarta". Western Indonesia
Time has been UTC+7 without daylight saving since 1964, before any event can lie.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

_AHEAD: Final = timedelta(hours=7)
JAKARTA: Final = timezone(_AHEAD, "WIB")
MOST_AHEAD: Final = timedelta(hours=24)  # an event further ahead of us is refused (contract)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_AHEAD_MICROS: Final = _AHEAD // _MICROSECOND
_DAY_MICROS: Final = timedelta(days=1) // _MICROSECOND
_SECOND_MICROS: Final = timedelta(seconds=1) // _MICROSECOND
_DAY_SECONDS: Final = _DAY_MICROS // _SECOND_MICROS
_TWO: Final = tuple(f"{number:02}" for number in range(60))  # digits


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exact (no floating point)."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(micros: int) -> datetime:
    """The UTC moment of `micros`; OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(0, 0, micros)  # by place: by name it takes longer (measured)


def days_of(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def day_of(days: int) -> date:
    """The date `days` after 1970-01-01; ValueError or OverflowError outside 1 to 9999."""
    return date.fromordinal(days + _EPOCH_DAY)


def jakarta_date(moment: datetime) -> date:
    """The calendar date in Asia/Jakarta on which `moment` falls."""
    return (_utc(moment) + _AHEAD).date()


def text_of(micros: int) -> str:
    """The moment of `micros` as `rfc3339` writes it, in a third of the time (measured)."""
    second, micros = divmod(micros, _SECOND_MICROS)
    day, second = divmod(second, _DAY_SECONDS)
    minute, second = divmod(second, 60)
    return f"{day_text(day)}T{_time_text(minute)}:{_TWO[second]}.{micros:06}Z"


@lru_cache(8192)  # the days of a few years come over and over
def day_text(days: int) -> str:
    """The date `days` after 1970-01-01, as ISO 8601 writes it."""
    return day_of(days).isoformat()


@lru_cache(1440)
def _time_text(minute: int) -> str:
    hour, minute = divmod(minute, 60)
    return f"{_TWO[hour]}:{_TWO[minute]}"


def jakarta_day_of(micros: int) -> date:
    """The calendar date in Asia/Jakarta on which the moment of `micros` falls."""
    return _day((micros + _AHEAD_MICROS) // _DAY_MICROS)


@lru_cache(8192)  # the days of a few years come over and over
def _day(days: int) -> date:
    return day_of(days)


def rfc3339(moment: datetime) -> str:
    """`2026-03-09T02:15:00.000000Z`: always UTC, always six decimals."""
    return _utc(moment).isoformat(timespec="microseconds")[:-6] + "Z"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
