"""Whom a registry event may touch: the facts on which it bears, by what they name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from jejak_lrs.competency.registry import Registry
from jejak_schemas import events
from jejak_schemas.events import Event


@dataclass(frozen=True, slots=True)
class Reach:
    """Facts that name any of these; `everyone` means every fact."""

    everyone: bool = False
    institutions: frozenset[str] = frozenset()
    offerings: frozenset[str] = frozenset()
    competencies: frozenset[str] = frozenset()
    agencies: frozenset[str] = frozenset()  # where someone was posted
    persons: frozenset[UUID] = frozenset()  # named beside the person whom a fact is about

    def __bool__(self) -> bool:
        """Whether it can touch anyone."""
        named = self.institutions | self.offerings | self.competencies | self.agencies
        return self.everyone or bool(named or self.persons)


def reach_of(event: Event, registry: Registry) -> Reach:
    """The facts on which a registry event bears, once the registry has it."""
    rule = _REACH.get(type(event))
    return rule(event, registry) if rule else Reach()


def _everyone(_event: Event, _registry: Registry) -> Reach:
    return Reach(everyone=True)


def _offering(
    event: events.OfferingPublished | events.OfferingWithdrawn, _registry: Registry
) -> Reach:
    return Reach(offerings=frozenset({event.offering}))


def _alignment(event: events.AlignmentPublished, registry: Registry) -> Reach:
    return Reach(offerings=registry.offerings_of(event.series))


def _countersignature(event: events.AlignmentCountersigned, registry: Registry) -> Reach:
    alignment = registry.alignment_named(event.target)
    return _alignment(alignment, registry) if alignment else Reach()


def _framework(event: events.FrameworkPublished, registry: Registry) -> Reach:
    defined = {one.id for one in event.competencies}
    earlier = {iri for one in event.competencies for iri in one.equivalents}
    # Also those that an earlier publication named and this one does not: they count no longer.
    earlier |= {iri for one in defined for iri in registry.frameworks.ever_equivalent_to(one)}
    taught = {
        offering
        for competency in defined | earlier
        for series in registry.series_aligned_to(competency)
        for offering in registry.offerings_of(series)
    }
    return Reach(offerings=frozenset(taught), competencies=frozenset(defined | earlier))


def _provider(
    event: events.ProviderAccredited | events.ProviderSuspended, _registry: Registry
) -> Reach:
    return Reach(institutions=frozenset({event.provider}))


def _assessor(
    event: events.AssessorAccredited | events.AssessorSuspended, _registry: Registry
) -> Reach:
    return Reach(institutions=frozenset({event.assessor}))


def _party(event: events.PartyDeclared | events.PartySuspended, _registry: Registry) -> Reach:
    return Reach(institutions=frozenset({event.code}))


def _genesis(event: events.Genesis, _registry: Registry) -> Reach:
    return Reach(institutions=frozenset(one.code for one in event.institutions))


def _restructuring(event: events.AgencyRestructured, registry: Registry) -> Reach:
    return Reach(agencies=registry.succession.leading_to(event.before))


# UnitPublished and StandardPublished touch answers only, which are reckoned when asked.
_REACH: Final[dict[type[Event], Callable[[Any, Registry], Reach]]] = {
    events.RulesetPublished: _everyone,
    events.OfferingPublished: _offering,
    events.OfferingWithdrawn: _offering,
    events.AlignmentPublished: _alignment,
    events.AlignmentCountersigned: _countersignature,
    events.FrameworkPublished: _framework,
    events.ProviderAccredited: _provider,
    events.ProviderSuspended: _provider,
    events.AssessorAccredited: _assessor,
    events.AssessorSuspended: _assessor,
    events.Genesis: _genesis,
    events.PartyDeclared: _party,
    events.PartySuspended: _party,
    events.AgencyRestructured: _restructuring,
}
REACHING: Final = frozenset(event.__name__ for event in _REACH)
