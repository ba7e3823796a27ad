"""Rules on what a statement rests on: an enrolment, an accreditation, the rules of JP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from jejak_lrs.competency.facts import Activity, Origin
from jejak_lrs.competency.jp import hours
from jejak_lrs.competency.registry import OUTSIDE
from jejak_lrs.exceptions.rules.odd import Odd
from jejak_schemas.clock import day_of, days_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jejak_lrs.exceptions.rules.odd import Known
    from jejak_lrs.exceptions.sightings import Sighting

_ENROLS: Final = "LearnerRegistered"


def unregistered(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """A completion for which nobody was enrolled before."""
    enrolled = [one for one in sighted if one.event == _ENROLS]
    registrations = {one.registration for one in enrolled if one.registration is not None}
    for one in sighted:
        if one.event not in known.thresholds.unregistered.events:
            continue
        if one.registration in registrations or any(_enrols(each, one) for each in enrolled):
            continue
        yield Odd("unregistered", one.day, (one.position,), one.offering or one.activity or "-")


def _enrols(enrolment: Sighting, done: Sighting) -> bool:
    """Whether an enrolment without the same registration is one for this."""
    if days_of(enrolment.day) > days_of(done.day):
        return False
    return _same(enrolment.offering, done.offering) or _same(enrolment.activity, done.activity)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def outside_accreditation(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """Said by a provider that was not accredited for it then."""
    for one in sighted:
        if one.event in known.thresholds.outside_accreditation.events:
            origin = _origin(one)
            if known.registry.bar_of(origin) == OUTSIDE:
                yield Odd("outside-accreditation", one.day, (one.position,), one.provider)


def jp_claimed(sighted: Sequence[Sighting], known: Known) -> Iterator[Odd]:
    """More JP claimed for something than the rules credit for it alone."""
    rule = known.thresholds.jp_claimed
    for one in sighted:
        if one.event not in rule.events or not one.jp_claimed:
            continue
        alone = hours([_activity(one)], {}, (), known.registry).credits
        credited = sum(each.jp for each in alone)
        if alone and one.jp_claimed > credited + rule.hundredths:
            measure = f"{one.jp_claimed / 100:.2f} > {credited / 100:.2f}"
            yield Odd("jp-claimed", one.day, (one.position,), measure)


def _origin(one: Sighting) -> Origin:
    return Origin(
        statement_id=UUID(one.statement_id),
        position=one.position,
        occurred_at=moment_of(one.occurred_at),
        event=one.event,
        party=one.party,
        on_behalf_of=one.provider if one.provider != one.party else None,
        offering=one.offering,
        form=one.form,
    )


def _activity(one: Sighting) -> Activity:
    return Activity(
        origin=_origin(one),
        activity=one.activity or one.programme or "",
        registration=UUID(one.registration) if one.registration else None,
        ended_on=day_of(one.last_day) if one.last_day is not None else None,
        international=one.international,
        jp_claimed=one.jp_claimed,
    )
