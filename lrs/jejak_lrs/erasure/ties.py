"""Which records act on which: a void, a revocation, a failure and what it takes back. Pure.

A tie's ends are erased together or not at all. A void without its target would withdraw nothing;
a target without its void would count again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_lrs.competency.extraction import DELIVERED
from jejak_schemas import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from jejak_schemas.events import Event

_NAMING_A_TARGET: Final = (events.StatementVoided, events.CompetencyRevoked, events.ClaimVerified)
_NAMING_A_NUMBER: Final = (events.CertificateRevoked, events.CertificateReissued)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person's record says, at its position."""

    position: int
    statement_id: UUID
    event: Event


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """The record at `acting` acts on that at `target`."""

    acting: int
    target: int


def ties(of_person: Iterable[Stated]) -> set[Tie]:
    """Every tie among the records of one person, and those that act on them."""
    stated = list(of_person)
    return {Tie(one.position, target) for one in stated for target in _targets(one, stated)}


def _targets(one: Stated, stated: Sequence[Stated]) -> Iterator[int]:
    event = one.event
    if isinstance(event, _NAMING_A_TARGET):
        yield from (each.position for each in stated if each.statement_id == event.target)
    elif isinstance(event, _NAMING_A_NUMBER):
        number = event.number if isinstance(event, events.CertificateRevoked) else event.replaces
        yield from (each.position for each in stated if _certificate(each.event) == number)
    elif failed := _failed_in(event):
        yield from (
            each.position
            for each in stated
            if each.event.occurred_at < event.occurred_at
            and not _failed_in(each.event)
            and failed & _competencies(each.event)
        )


def _certificate(event: Event) -> str | None:
    """The number of the certificate that an event brings."""
    if isinstance(event, events.CertificateEarned | events.CertificateReissued):
        return event.certificate.number
    return None


def _failed_in(event: Event) -> frozenset[str]:
    """The competencies in which an event is a failure: it closes what came before (rule 8)."""
    failed = isinstance(event, events.AssessmentFailed) or (
        isinstance(event, events.ProjectEvaluated) and event.outcome != DELIVERED
    )
    return _competencies(event) if failed else frozenset()


def _competencies(event: Event) -> frozenset[str]:
    if isinstance(event, events.CompetencyAssessed):
        return frozenset({event.competency})
    return frozenset(named.id for named in getattr(event, "competencies", ()))
