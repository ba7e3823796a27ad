"""The nation's registry as the simulator needs it: who teaches, assesses and requires what."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from jejak_producers.simulate import samples
from jejak_producers.simulate.identifiers import source, uuid7_at
from jejak_producers.simulate.samples import Documents
from jejak_schemas.events import (
    AlignmentPublished,
    AssessorAccredited,
    Event,
    OfferingPublished,
    PersonMoved,
    PersonRegistered,
    ProviderAccredited,
    StandardPublished,
)

_FROM: Final = date(2025, 7, 7)  # first day on which an added offering may start
_DAYS: Final = 480  # to the end of October 2026
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Course:
    """An offering by an accredited provider, the level its series is aligned to, who reports it."""

    offering: OfferingPublished
    level: int
    sender: str  # the provider, or the technical sender that hosts its e-learning

    @property
    def on_behalf_of(self) -> str | None:
        """The provider, where another party reports for it."""
        provider = self.offering.party
        return provider if self.sender != provider else None

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return self.offering.ends_on or self.offering.starts_on


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that must be recorded before people learn, in groups that depend on each other."""

    authorities: tuple[Event, ...]  # accreditations first, then what is published
    offerings: tuple[Event, ...]
    alignments: tuple[Event, ...]
    countersignatures: tuple[Event, ...]
    cast: tuple[PersonRegistered, ...]  # the people of the stories
    people: tuple[PersonRegistered, ...]
    moves: tuple[PersonMoved, ...]
    career: tuple[Event, ...]  # of one person more: claimed, registered twice, gone, merged

    @property
    def accredited(self) -> dict[str, ProviderAccredited]:
        """The accreditation of each provider that has one."""
        return {e.provider: e for e in self.authorities if isinstance(e, ProviderAccredited)}

    @property
    def assessors(self) -> tuple[AssessorAccredited, ...]:
        """The accredited assessment centres."""
        return tuple(e for e in self.authorities if isinstance(e, AssessorAccredited))

    @property
    def standards(self) -> dict[str, StandardPublished]:
        """The national standard of each position class."""
        found = (e for e in self.authorities if isinstance(e, StandardPublished))
        return {e.position_class: e for e in found if e.position_class is not None}


def load(documents: Documents) -> Registry:
    """The sample nation. `documents` supplies the ruleset's text by its name."""

    def rows(name: str) -> tuple[Event, ...]:
        return tuple(samples.events(samples.nation_file(f"{name}.jsonl"), documents))

    people = {name: rows(name) for name in ("cast", "people", "moves")}
    return Registry(
        authorities=tuple(
            event
            for name in ("accreditations", "rulesets", "frameworks", "standards", "plans")
            for event in rows(name)
        ),
        offerings=rows("offerings"),
        alignments=rows("alignments"),
        countersignatures=rows("countersignatures"),
        cast=tuple(e for e in people["cast"] if isinstance(e, PersonRegistered)),
        people=tuple(e for e in people["people"] if isinstance(e, PersonRegistered)),
        moves=tuple(e for e in people["moves"] if isinstance(e, PersonMoved)),
        career=rows("career"),
    )


def courses(registry: Registry, added: tuple[OfferingPublished, ...]) -> Iterator[Course]:
    """The offerings of accredited providers, the sample's and the added ones."""
    levels: dict[str, int] = defaultdict(int)
    for event in registry.alignments:
        if isinstance(event, AlignmentPublished):
            levels[event.series] = max(levels[event.series], event.level)
    accredited = registry.accredited
    for offering in (*registry.offerings, *added):
        if isinstance(offering, OfferingPublished) and offering.party in accredited:
            sender = _sender(offering, accredited[offering.party])
            yield Course(offering, levels[offering.series], sender)


def _sender(offering: OfferingPublished, accredited: ProviderAccredited) -> str:
    hosted = offering.form == "17"  # distance learning runs on the vendor's system
    return (
        accredited.technical_senders[0]
        if hosted and accredited.technical_senders
        else (offering.party)
    )


def added_offerings(registry: Registry, seed: str, count: int) -> tuple[OfferingPublished, ...]:
    """`count` further offerings of the sample's ordinary series, for a nation with more traffic."""
    accredited = registry.accredited
    models = [
        event
        for event in registry.offerings
        if isinstance(event, OfferingPublished)
        and event.programme is None
        and event.party in accredited
    ]
    return tuple(_again(models, seed, number) for number in range(count))


def _again(models: list[OfferingPublished], seed: str, number: int) -> OfferingPublished:
    random = source(seed, "offering", number)
    model = random.choice(models)
    starts_on = workday(_FROM + timedelta(random.randrange(_DAYS)))
    length = (model.ends_on or model.starts_on) - model.starts_on
    moment = datetime.combine(starts_on - timedelta(40), time(2), UTC)
    fields = dict(model) | {
        "event_id": uuid7_at(moment, random),
        "occurred_at": moment,
        "offering": f"{model.offering}-t{number + 1}",
        "starts_on": starts_on,
        "ends_on": starts_on + length,
    }
    return OfferingPublished.model_validate(fields)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(7 - day.weekday()) if day.weekday() >= _SATURDAY else day
