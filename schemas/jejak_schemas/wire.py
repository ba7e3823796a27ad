"""The field types of the contract: how each is checked, and which reason a bad one gets.

Every check raises pydantic's `PydanticCustomError` whose type is a code of
`reasons.REASONS`, so that the SDK, `jejak validate` and the recorder refuse a
bad field with the same words. Accepted spellings: Python objects and JSON text; a time or a
date also as the plain number of an Avro body (microseconds, days), but only where the codec
says that it is one (`FROM_WIRE`): elsewhere a number is most often somebody's Unix seconds.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    FailFast,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from jejak_schemas import clock

FIRST_YEAR: Final = 1950  # no event of a living servant is older
END_YEAR: Final = 2200  # the first that no event lies in
# Between the groups of a NIP: any space or dash, a dot, a space as IRIs and JSON write it.
_GAP: Final = r"(?:[\s.+\-\u2010-\u2015\u2212]|%20|\\[nrt])?"
_DIGITS_18: Final = re.compile(
    rf"(?<!\d)(\d{{4}})(\d\d)(\d\d){_GAP}\d{{6}}{_GAP}\d{_GAP}\d{{3}}(?!\d)"
)
_NIP_LENGTH: Final = 18
_NRP: Final = re.compile(r"[0-9A-Z]{5,20}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
# RFC 3987: no space, control or private character, and a percent sign only before its two digits.
_IRI_PART: Final = (
    r"([^\s\x00-\x20\x7f-\x9f<>\"{}|\\^`%\[\]#"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000f0000-\U0010ffff]|%[0-9A-Fa-f]{2})"
)
FROM_WIRE: Final = "plain numbers of an Avro body"  # validation context of the codec


def is_birth_date(digits: str) -> bool:
    """Whether YYYYMMDD is a day of the calendar on which a servant can have been born."""
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return FIRST_YEAR - 50 <= born.year < END_YEAR


def holds_nip(text: str) -> bool:
    """Whether `text` holds an 18-digit token shaped like a NIP, also written in its four groups."""
    if len(text) < _NIP_LENGTH or _DIGITS_18.search(text) is None:  # nearly every text
        return False
    return any(is_birth_date("".join(found.groups())) for found in _DIGITS_18.finditer(text))


def check_text(text: str) -> str:
    """The text itself, or the reason why no event may hold it."""
    if "\x00" in text:
        raise PydanticCustomError("nul-character", "holds U+0000")
    if holds_nip(text):
        raise PydanticCustomError("personal-data-in-text", "holds an 18-digit number like a NIP")
    return text


def check_id(value: object) -> object:
    """The UUID that a text is; anything else as it stands."""
    if not isinstance(value, str):
        return value
    if not _UUID.fullmatch(value):  # Python's UUID also takes braces, urn:, no hyphens
        raise PydanticCustomError("bad-format", "is not a UUID (RFC 9562)")
    return UUID(value)


def _uuid7(value: UUID) -> UUID:
    if value.version != 7:  # noqa: PLR2004  RFC 9562's number of the time-ordered form
        raise PydanticCustomError("bad-format", "is not a UUIDv7 (RFC 9562)")
    return value


def _number(value: int, info: ValidationInfo) -> int:
    if info.context is not FROM_WIRE or isinstance(value, bool):
        raise PydanticCustomError("wrong-type", "is a number; write it as text (RFC 3339)")
    return value


def read_time(value: object, info: ValidationInfo) -> object:
    """The moment that a text or a number of the wire is; anything else as it stands."""
    try:
        if isinstance(value, int):
            value = clock.moment_of(_number(value, info))
        elif isinstance(value, str):
            value = _read_time(value)
        return _utc(value) if isinstance(value, datetime) else value
    except OverflowError:
        raise PydanticCustomError("out-of-range", "is no moment of the years 1 to 9999") from None


def _read_time(text: str) -> datetime:
    if _TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
    raise PydanticCustomError("bad-format", "is not an RFC 3339 time")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is not UTC:
        if moment.utcoffset() is None:
            raise PydanticCustomError("bad-format", "has no time zone")
        moment = moment.astimezone(UTC)
    if not FIRST_YEAR <= moment.year < END_YEAR:
        raise PydanticCustomError("out-of-range", "lies outside the years 1950 to 2199, in UTC")
    return moment


def read_day(value: object, info: ValidationInfo) -> object:
    """The date that a text or a number of the wire is; anything else as it stands."""
    if isinstance(value, int):
        value = _day_of(_number(value, info))
    elif isinstance(value, str):
        value = _read_date(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        return value
    if not FIRST_YEAR <= value.year < END_YEAR:
        raise PydanticCustomError("out-of-range", "lies outside the years 1950 to 2199")
    return value


def _day_of(days: int) -> date:
    try:
        return clock.day_of(days)
    except (OverflowError, ValueError):
        raise PydanticCustomError("out-of-range", "is no day of the years 1 to 9999") from None


def _read_date(text: str) -> date:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise PydanticCustomError("bad-format", "is not a date YYYY-MM-DD")


def check_nip(text: str) -> str:
    """The NIP itself, or the reason why it can be none."""
    if len(text) != _NIP_LENGTH or not (text.isascii() and text.isdigit()):
        raise PydanticCustomError("nip-impossible", "is not 18 digits")
    if not is_birth_date(text):
        raise PydanticCustomError("nip-impossible", "begins with an impossible birth date")
    return text


def check_nrp(text: str) -> str:
    """The NRP itself, or the reason why it can be none."""
    if not _NRP.fullmatch(text):
        raise PydanticCustomError("bad-format", "is not 5 to 20 digits and capital letters")
    if holds_nip(text):  # it would name a second person
        raise PydanticCustomError("bad-format", "is a NIP; name the person by nip")
    return text


T = TypeVar("T")


class _FirstBadItem(FailFast):
    """Stop there: to tell of 60,000 took a quarter of a second (measured)."""

    __hash__ = object.__hash__  # pydantic's own has none, and stands in no `|`


Many = Annotated[tuple[T, ...], _FirstBadItem()]
Checked = AfterValidator(check_text)
_CODE: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_PARTY: Final = r"^[a-z0-9][a-z0-9-]*$"
AGENCY: Final = r"^[0-9]{4}$"
_IRI: Final = rf"^[a-z][a-z0-9+.-]*:{_IRI_PART}+(#{_IRI_PART}*)?$"
_SHA256: Final = r"^[0-9a-f]{64}$"
_LANG: Final = (  # RFC 5646: script, region, variants
    r"^[a-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*$"
)
ALIAS: Final = r"^[0-9A-Za-z-]+$"
FORMS: Final = {
    _CODE: "is not a code: letters and digits, after the first also `.`, `_` and `-`",
    _PARTY: "is not a party's code: small letters and digits, after the first also `-`",
    AGENCY: "is not an agency's code: four digits",
    _IRI: "is not an IRI, such as https://lan.example/kursus/1",
    _SHA256: "is not a SHA-256 as 64 hex digits in small letters",
    _LANG: "is not a language tag, such as id or en-GB",
    ALIAS: "is not letters, digits and `-`",
}
"""What a text that does not have such a form is not, in words."""
# What each type is on the wire stands in derive.py; how it is checked quickly there, in sure.py.
Id = Annotated[UUID, Strict(), BeforeValidator(check_id)]
EventId = Annotated[UUID, Strict(), AfterValidator(_uuid7), BeforeValidator(check_id)]
Time = Annotated[datetime, Strict(), BeforeValidator(read_time)]
Day = Annotated[date, Strict(), BeforeValidator(read_day)]
Nip = Annotated[str, Strict(), AfterValidator(check_nip)]
Nrp = Annotated[str, Strict(), AfterValidator(check_nrp)]
Code = Annotated[
    str,
    Strict(),
    StringConstraints(max_length=64, pattern=_CODE),
    Checked,
]
PartyCode = Annotated[str, Strict(), StringConstraints(max_length=31, pattern=_PARTY), Checked]
AgencyCode = Annotated[str, Strict(), StringConstraints(pattern=AGENCY)]
Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=400), Checked]
Document = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=60_000), Checked]
Iri = Annotated[str, Strict(), StringConstraints(max_length=512, pattern=_IRI), Checked]
Sha256 = Annotated[str, Strict(), StringConstraints(pattern=_SHA256)]
Lang = Annotated[str, Strict(), StringConstraints(max_length=35, pattern=_LANG), Checked]
_Paragraph = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=2_000), Checked]
Prose = Annotated[dict[Lang, _Paragraph], Field(min_length=1, max_length=10)]
Names = Annotated[dict[Lang, Text], Field(min_length=1, max_length=10)]
Level = Annotated[int, Strict(), Field(ge=1, le=5)]
Count = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]
Position = Annotated[int, Strict(), Field(ge=0, lt=2**63)]
Hundredths = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]
SignedHundredths = Annotated[int, Strict(), Field(ge=-1_000_000_000, le=1_000_000_000)]
TenThousandths = Annotated[int, Strict(), Field(ge=-10_000, le=10_000)]
Seconds = Annotated[int, Strict(), Field(ge=0, le=315_360_000)]
