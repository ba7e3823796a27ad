"""A ruleset: every number of the fold, as dated data. Source: competency.md, "The rules, exactly".

`parse` reads the TOML of a RulesetPublished; `shipped` gives the text of one that comes with
the package. No number of the rules stands in code.
"""

import math
import re
import tomllib
from collections.abc import Hashable
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from jejak_lrs.competency.crediting import Hours
from jejak_lrs.competency.days import months_later
from jejak_lrs.competency.memo import Kept, Memo
from jejak_lrs.competency.sourced import Sourced, Table
from jejak_lrs.competency.steps import Programmes
from jejak_lrs.errors import Refuse

NEWEST: Final = "2026.1"
WEIGHED: Final = 20_000  # patterns of evidence whose levels are held


class BadRuleset(Refuse):
    """A ruleset document that cannot be used; the message names the field."""


Strength = Annotated[int, Field(ge=0)]
Level = Annotated[int, Field(ge=1, le=5)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Months = Annotated[int, Field(ge=1, le=1_200)]


class EvidenceClass(Table):
    """How strong a class of evidence is, and the greatest level it supports."""

    strength: Strength
    up_to_level: Level


class Classes(Sourced):
    """The classes of evidence."""

    of: dict[str, EvidenceClass]


class Band(Table):
    """Until so many months after occurred_at, evidence counts with these basis points."""

    until_month: Months
    basis_points: BasisPoints


class Recency(Sourced):
    """Bands in order; after the last one evidence counts for nothing."""

    bands: Annotated[tuple[Band, ...], Field(min_length=1)]

    @cached_property
    def _fading(self) -> Memo[date, tuple[tuple[date, int], ...]]:
        return Memo(self._fades)

    def fades(self, begun: date) -> tuple[tuple[date, int], ...]:
        """Until which days what happened on a day counts, with how many basis points."""
        return self._fading[begun]

    def _fades(self, begun: date) -> tuple[tuple[date, int], ...]:
        return tuple(
            (months_later(begun, band.until_month), band.basis_points) for band in self.bands
        )


class Assessment(Sourced):
    """How long what an assessor says holds by default, and the class it is."""

    valid_months: Months
    evidence_class: Annotated[str, Field(alias="class")]


class Levels(Sourced):
    """What the counted strengths must sum to, per level; how much one provider can give."""

    provider_cap: Strength
    thresholds: dict[Level, Strength]

    def threshold(self, level: int) -> float:
        """What the sum must reach; infinite where evidence alone never indicates the level."""
        return self.thresholds.get(level, math.inf)


class Gate(Sourced):
    """What a level needs beside its sum."""

    level: Level
    sources: Annotated[int, Field(ge=1, le=2)]
    one_of: tuple[str, ...]


class Disputes(Sourced):
    """When two assertions contradict each other."""

    within_days: Annotated[int, Field(ge=0)]
    levels_apart: Level


class Scale(Sourced):
    """A national scale of the job-person match, in basis points."""

    full: BasisPoints
    partial: BasisPoints

    def grade(self, basis_points: int) -> Literal["full", "partial", "none"]:
        """Where a job-person match stands on this scale."""
        if basis_points >= self.full:
            return "full"
        return "partial" if basis_points >= self.partial else "none"


def _compilable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as exc:
        raise ValueError("is no regular expression") from exc
    return pattern


class Nip(Sourced):
    """The usual shape of a NIP: another one is warned about, not refused."""

    usual: Annotated[str, AfterValidator(_compilable)]


class Reporting(Sourced):
    """After how many days a report is warned about as late."""

    late_after_days: Annotated[int, Field(ge=0)]


class Announcements(Sourced):
    """How early an end is announced."""

    expiring_within_days: Annotated[int, Field(ge=0)]


class Publication(Sourced):
    """What counts of people may be published across agencies (competency.md, "What agencies get").

    A count below `fewest` is hidden, any other is rounded to a multiple of `rounding`. A row once
    hidden stays so for `keep_hidden_months`. A month's tables are made `after_days` from its end.
    """

    fewest: Annotated[int, Field(ge=1)]
    rounding: Annotated[int, Field(ge=1)]
    keep_hidden_months: Annotated[int, Field(ge=0)]
    after_days: Annotated[int, Field(ge=0)]


class Fragmentation(Sourced):
    """From how many outcomes on a provider's pass rate is compared; which names look alike."""

    fewest_outcomes: Annotated[int, Field(ge=1)]
    alike: BasisPoints


class Ruleset(Table):
    """All numbers of one version."""

    version: str
    classes: Classes
    recency: Recency
    assessment: Assessment
    levels: Levels
    gates: tuple[Gate, ...]
    disputes: Disputes
    hours: Hours
    scales: dict[str, Scale]
    nip: Nip
    reporting: Reporting
    announcements: Announcements
    publication: Publication | None = None  # None: nothing may be published across agencies
    fragmentation: Fragmentation | None = None
    programmes: Programmes

    @cached_property
    def weighed(self) -> Kept[Hashable, int | None]:
        """The levels of evidence that was weighed by these rules before (levels.py)."""
        return Kept(WEIGHED)


@lru_cache(maxsize=64)
def parse(document: str) -> Ruleset:
    """The ruleset of a TOML document; raises BadRuleset."""
    try:
        table: dict[str, Any] = tomllib.loads(document)
        return Ruleset.model_validate(table)
    except tomllib.TOMLDecodeError as exc:
        raise BadRuleset(f"the ruleset is not TOML: {exc}") from exc
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRuleset(f"the ruleset's {where}: {first['msg']}") from exc


def shipped(version: str = NEWEST) -> str:
    """The TOML text of a ruleset that comes with Jejak; FileNotFoundError for another."""
    return resources.files(__package__).joinpath("rulesets", f"{version}.toml").read_text("utf-8")
