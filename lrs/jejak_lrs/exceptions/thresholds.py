"""The thresholds of the exceptions report: versioned, dated TOML files beside this module."""

from __future__ import annotations

import tomllib
from datetime import date  # noqa: TC003  pydantic reads it
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jejak_lrs.errors import Refuse
from jejak_schemas.catalogue import BY_NAME

if TYPE_CHECKING:
    from pathlib import Path


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise ValueError(f"{name} is no event of the contract")
    return name


def _with_dash(name: str) -> str:
    return name.replace("_", "-")


Events = frozenset[Annotated[str, AfterValidator(_known)]]
Amount = Annotated[int, Field(ge=0)]


class _Table(BaseModel):
    """A table of the file: every key is there, and no other."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_with_dash)


class _Plain(_Table):
    model_config = ConfigDict(alias_generator=None)


class OfEvents(_Plain):
    """Which events a rule is about."""

    events: Events


class Overlapping(OfEvents):
    """See the file, as for all of these."""

    minutes: Amount
    whole_day_events: Events
    whole_day_forms: frozenset[str]


class LongDay(OfEvents):
    """Hours in a day."""

    hours: Amount


class Days(_Plain):
    """Days that are forgiven."""

    days: Amount


class DaysOfEvents(OfEvents, Days):
    """The same, of some events."""


class Claimed(OfEvents):
    """JP claimed."""

    hundredths: Amount


class Burst(OfEvents):
    """Things finished within minutes."""

    count: Annotated[int, Field(ge=2)]
    minutes: Amount


class Thresholds(_Table):
    """One version."""

    version: str
    valid_from: Annotated[date, Field(alias="valid_from")]
    overlapping: Overlapping
    long_day: LongDay
    certificate_twice: OfEvents
    after_separation: DaysOfEvents
    unregistered: OfEvents
    outside_accreditation: OfEvents
    void_without_effect: Days
    jp_claimed: Claimed
    two_agencies: Days
    burst: Burst
    late: DaysOfEvents


def on(day: date) -> Thresholds:
    """The version in force on a day: of those that hold by then the latest, else the first."""
    folder = resources.files(__package__)
    texts = [file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".toml")]
    versions = sorted(map(parse, texts), key=lambda one: one.valid_from)
    return next((one for one in reversed(versions) if one.valid_from <= day), versions[0])


def read(path: Path) -> Thresholds:
    """A file of the reader's own; Refuse where it is none."""
    try:
        return parse(path.read_text("utf-8"))
    except (ValidationError, ValueError) as exc:
        first = exc.errors()[0] if isinstance(exc, ValidationError) else {"msg": str(exc)}
        where = ".".join(map(str, first.get("loc", ())))
        raise Refuse(f"{path}: {where} {first['msg']}") from None


def parse(text: str) -> Thresholds:
    """The thresholds of a file's text.

    Raises:
        ValueError: it is no TOML, or lacks something, or has something more.
    """
    return Thresholds.model_validate(tomllib.loads(text))
