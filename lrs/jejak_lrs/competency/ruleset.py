"""A ruleset: every number of the fold, as dated data. Source: competency.md, "The rules, exactly".

`parse` reads the TOML of a RulesetPublished; `shipped` gives the text of one that comes with
the package. No number of the rules stands in code.
"""

import math
import re
import tomllib
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from jejak_lrs.competency.days import months_later
from jejak_lrs.competency.memo import Memo
from jejak_lrs.errors import Refuse
from jejak_schemas.wire import Code

NEWEST: Final = "2026.1"
OTHER: Final = "other"  # the programme whose steps those take that are not listed


class BadRuleset(Refuse):
    """A ruleset document that cannot be used; the message names the field."""


class _Table(BaseModel):
    """A frozen table of the document; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Sourced(_Table):
    source: str  # the law, or "our default"
    # How sure it is that the source says so; "default": no law does, it is ours to choose.
    certainty: Literal["high", "medium", "low", "default"]


Strength = Annotated[int, Field(ge=0)]
Level = Annotated[int, Field(ge=1, le=5)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Months = Annotated[int, Field(ge=1, le=1_200)]


class EvidenceClass(_Table):
    """How strong a class of evidence is, and the greatest level it supports."""

    strength: Strength
    up_to_level: Level


class Classes(_Sourced):
    """The classes of evidence."""

    of: dict[str, EvidenceClass]


class Band(_Table):
    """Until so many months after occurred_at, evidence counts with these basis points."""

    until_month: Months
    basis_points: BasisPoints


class Recency(_Sourced):
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


class Assessment(_Sourced):
    """How long what an assessor says holds by default, and the class it is."""

    valid_months: Months
    evidence_class: Annotated[str, Field(alias="class")]


class Levels(_Sourced):
    """What the counted strengths must sum to, per level; how much one provider can give."""

    provider_cap: Strength
    thresholds: dict[Level, Strength]

    def threshold(self, level: int) -> float:
        """What the sum must reach; infinite where evidence alone never indicates the level."""
        return self.thresholds.get(level, math.inf)


class Gate(_Sourced):
    """What a level needs beside its sum."""

    level: Level
    sources: Annotated[int, Field(ge=1, le=2)]
    one_of: tuple[str, ...]


class Disputes(_Sourced):
    """When two assertions contradict each other."""

    within_days: Annotated[int, Field(ge=0)]
    levels_apart: Level


class International(_Table):
    """Hours of international activities as programmed: times / over, floored once."""

    times: Annotated[int, Field(ge=0)]
    over: Annotated[int, Field(ge=1)]
    except_forms: tuple[str, ...]


class Figure(_Table):
    """Learning hours of one form of learning, in 1/100 JP."""

    form: str
    national: Annotated[int, Field(ge=0)]
    international: Annotated[int, Field(ge=0)]


class Figures(_Sourced):
    """Forms credited by a fixed figure, and the events that earn it."""

    events: tuple[str, ...]
    forms: tuple[Figure, ...]

    def figure(self, form: str) -> Figure | None:
        """The figure of a form; None where this table has none."""
        return self._by_form.get(form)

    @cached_property
    def _by_form(self) -> dict[str, Figure]:
        return {row.form: row for row in reversed(self.forms)}


class PerSession(Figures):
    """A figure a session, for the first `a_month` sessions of a month."""

    a_month: Annotated[int, Field(ge=0)]


class Minimum(_Sourced):
    """The least a PNS must learn in a calendar year, in 1/100 JP."""

    minimum: Annotated[int, Field(ge=0)]


class Ceiling(_Sourced):
    """The most a PPPK learns in a contract year, in 1/100 JP; shown when passed."""

    ceiling: Annotated[int, Field(ge=0)]
    exempt_position_classes: tuple[str, ...]


class Hours(_Sourced):
    """How activities become learning hours."""

    international: International
    per_day: Figures
    per_session: PerSession
    per_activity: Figures
    pns: Minimum
    pppk: Ceiling


class Scale(_Sourced):
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


class Nip(_Sourced):
    """The usual shape of a NIP: another one is warned about, not refused."""

    usual: Annotated[str, AfterValidator(_compilable)]


class Reporting(_Sourced):
    """After how many days a report is warned about as late."""

    late_after_days: Annotated[int, Field(ge=0)]


class Announcements(_Sourced):
    """How early an end is announced."""

    expiring_within_days: Annotated[int, Field(ge=0)]


class Publication(_Sourced):
    """What counts of people may be published across agencies (competency.md, "What agencies get").

    A count below `fewest` is hidden, any other is rounded to a multiple of `rounding`. A row once
    hidden stays so for `keep_hidden_months`. A month's tables are made `after_days` from its end.
    """

    fewest: Annotated[int, Field(ge=1)]
    rounding: Annotated[int, Field(ge=1)]
    keep_hidden_months: Annotated[int, Field(ge=0)]
    after_days: Annotated[int, Field(ge=0)]


class Fragmentation(_Sourced):
    """From how many outcomes on a provider's pass rate is compared; which names look alike."""

    fewest_outcomes: Annotated[int, Field(ge=1)]
    alike: BasisPoints


class Entry(_Table):
    """An event that enters a state, where it says the same of whatever is given (None: any).

    `about` is what an enrolment is of. `last`: it takes back the enrolment that it names, and
    enters the state only where no other enrolment stands.
    """

    event: str
    stage: str | None = None
    outcome: str | None = None
    scope: str | None = None
    about: Literal["course", "programme"] | None = None
    last: bool = False


class Step(_Table):
    """A state of a programme; a code, because agencies are told it (outgoing.ProgrammeChanged).

    `rank` orders the states, also between rulesets. `end`: a drop-out or failure, left only by a
    state that may be entered `again`.
    """

    rank: Annotated[int, Field(ge=1, le=1_000)]
    state: Code
    by: Annotated[tuple[Entry, ...], Field(min_length=1)]
    end: bool = False
    again: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.end and self.again:
            raise ValueError("an end cannot be entered again")
        if not self.end and any(entry.last for entry in self.by):
            raise ValueError("only an end can wait for the last enrolment")
        return self


def _ranked(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if any(one.rank >= other.rank for one, other in pairwise(steps)):
        raise ValueError("the ranks do not rise")
    if len({step.state for step in steps}) < len(steps):
        raise ValueError("a state stands twice")
    return steps


class Programmes(_Sourced):
    """The states of each programme, in order, and what some states are the outcome of."""

    outcomes: dict[str, Code]
    of: dict[str, Annotated[tuple[Step, ...], AfterValidator(_ranked)]]

    def steps(self, programme: str) -> tuple[Step, ...]:
        """The steps of a programme; those of `other` where it is not listed."""
        return self.of.get(programme) or self.of.get(OTHER, ())

    @cached_property
    def _ways(self) -> dict[str, dict[str, tuple[tuple[Step, Entry], ...]]]:
        return {code: _by_event(steps) for code, steps in self.of.items()}

    def ways(self, programme: str, event: str) -> tuple[tuple[Step, Entry], ...]:
        """The steps of a programme that name an event, with the entries that do."""
        listed = self._ways.get(programme) or self._ways.get(OTHER, {})
        return listed.get(event, ())


def _by_event(steps: tuple[Step, ...]) -> dict[str, tuple[tuple[Step, Entry], ...]]:
    found: dict[str, tuple[tuple[Step, Entry], ...]] = {}
    for step in steps:
        for entry in step.by:
            found[entry.event] = (*found.get(entry.event, ()), (step, entry))
    return found


class Ruleset(_Table):
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
