"""The field types of the contract: how each is checked, and which reason a bad one gets.

Every check raises pydantic's `PydanticCustomError` whose type is a code of
`reasons.REASONS`, so that the SDK, `jejak validate` and the recorder refuse a
bad field with the same words. Accepted spellings: Python objects, JSON text, and
the plain numbers of the Avro body (microseconds, days).
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from jejak_schemas import clock

FIRST_YEAR: Final = 1950  # no event of a living servant is older
_LAST_YEAR: Final = 2200
_DIGITS_18 = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)[ .-]?\d{6}[ .-]?\d[ .-]?\d{3}(?!\d)")
_NIP_LENGTH: Final = 18
_NRP: Final = r"[0-9A-Z]{5,20}"


def is_birth_date(digits: str) -> bool:
    """Whether YYYYMMDD is a day of the calendar on which a servant can have been born."""
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return FIRST_YEAR - 50 <= born.year < _LAST_YEAR


def holds_nip(text: str) -> bool:
    """Whether `text` holds an 18-digit token shaped like a NIP, also written in its four groups."""
    return len(text) >= _NIP_LENGTH and any(
        is_birth_date("".join(found.groups())) for found in _DIGITS_18.finditer(text)
    )


def _clean(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul-character", "holds U+0000")
    if holds_nip(text):
        raise PydanticCustomError("personal-data-in-text", "holds an 18-digit number like a NIP")
    return text


def _uuid(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return UUID(value)
    except ValueError:
        raise PydanticCustomError("bad-format", "is not a UUID") from None


def _uuid7(value: UUID) -> UUID:
    if value.version != 7:  # noqa: PLR2004  RFC 9562's number of the time-ordered form
        raise PydanticCustomError("bad-format", "is not a UUIDv7 (RFC 9562)")
    return value


def _time(value: object) -> object:
    if isinstance(value, bool):
        return value
    try:
        if isinstance(value, int):
            return clock.moment_of(value)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
    except OverflowError:
        raise PydanticCustomError("out-of-range", "is no moment of the years 1 to 9999") from None
    except ValueError:
        raise PydanticCustomError("bad-format", "is not an RFC 3339 time") from None
    if not isinstance(value, datetime):
        return value
    return _utc(value)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("bad-format", "has no time zone")
    if not FIRST_YEAR <= moment.year < _LAST_YEAR:
        raise PydanticCustomError("out-of-range", "lies outside the years 1950 to 2199")
    return moment.astimezone(UTC)


def _date(value: object) -> object:
    if isinstance(value, bool | datetime):
        return value
    try:
        if isinstance(value, int):
            value = clock.day_of(value)
        elif isinstance(value, str):
            value = date.fromisoformat(value)
    except OverflowError:
        raise PydanticCustomError("out-of-range", "is no day of the years 1 to 9999") from None
    except ValueError:
        raise PydanticCustomError("bad-format", "is not a date YYYY-MM-DD") from None
    if isinstance(value, date) and not FIRST_YEAR <= value.year < _LAST_YEAR:
        raise PydanticCustomError("out-of-range", "lies outside the years 1950 to 2199")
    return value


def check_nip(text: str) -> str:
    """The NIP itself, or the reason why it can be none."""
    if len(text) != _NIP_LENGTH or not (text.isascii() and text.isdigit()):
        raise PydanticCustomError("nip-impossible", "is not 18 digits")
    if not is_birth_date(text):
        raise PydanticCustomError("nip-impossible", "begins with an impossible birth date")
    return text


def check_nrp(text: str) -> str:
    """The NRP itself, or the reason why it can be none."""
    if not re.fullmatch(_NRP, text):
        raise PydanticCustomError("bad-format", "is not 5 to 20 digits and capital letters")
    return text


Checked = AfterValidator(_clean)
# The Avro side of each type stands in avro.py, by these very aliases.
Id = Annotated[UUID, Strict(), BeforeValidator(_uuid)]
EventId = Annotated[UUID, Strict(), AfterValidator(_uuid7), BeforeValidator(_uuid)]
Time = Annotated[datetime, Strict(), BeforeValidator(_time)]
Day = Annotated[date, Strict(), BeforeValidator(_date)]
Nip = Annotated[str, Strict(), AfterValidator(check_nip)]
Nrp = Annotated[str, Strict(), StringConstraints(pattern=rf"^{_NRP}$")]
Code = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), Checked
]
PartyCode = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$"), Checked
]
AgencyCode = Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9]{4}$")]
Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=400), Checked]
Document = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=60_000), Checked]
Iri = Annotated[
    str,
    Strict(),
    StringConstraints(max_length=512, pattern=r"^[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`\x00]+$"),
    Checked,
]
Sha256 = Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Lang = Annotated[str, Strict(), StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Names = Annotated[dict[Lang, Text], Field(min_length=1, max_length=10)]
Level = Annotated[int, Strict(), Field(ge=1, le=5)]
Count = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]
Position = Annotated[int, Strict(), Field(ge=0, lt=2**63)]
Hundredths = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]
SignedHundredths = Annotated[int, Strict(), Field(ge=-1_000_000_000, le=1_000_000_000)]
TenThousandths = Annotated[int, Strict(), Field(ge=-10_000, le=10_000)]
Seconds = Annotated[int, Strict(), Field(ge=0, le=315_360_000)]
