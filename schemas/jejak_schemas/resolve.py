"""From what a party wrote to what is recorded: every person a person_id, every alias sealed.

Pure: the look-up comes in as a mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from jejak_schemas import submission
from jejak_schemas.catalogue import Entry, entry_of
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.parts import Activity, Alias, PersonRef, SealedAlias
from jejak_schemas.plain import Said, values_of

Reference: TypeAlias = tuple[str, str]  # (kind, value): ("nip", 18 digits), ("person_id", uuid)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom a reference names; `commitment` is the sealed alias in hex, None for a person_id."""

    person_id: UUID
    commitment: str | None = None


def reference_of(person: PersonRef) -> Reference:
    """A PersonRef as (kind, value)."""
    return person.alias or ("person_id", str(person.person_id))


def reference_in(person: Said) -> Reference:
    """The plain values of a PersonRef as (kind, value)."""
    if (nip := person["nip"]) is not None:
        return ("nip", nip)
    nrp = person["nrp"]
    return ("nrp", nrp) if nrp is not None else ("person_id", person["person_id"])


def references_in(entry: Entry, said: Said) -> tuple[Reference, ...]:
    """Every person and alias that an event of this row names, from its plain values."""
    people = [said[name] for name in person_fields(entry.event)]
    named = [reference_in(person) for person in people if person is not None]
    if "aliases" in said:
        named += aliases_in(said)
    if entry.stated:
        named += map(reference_of, submission.people_in(said["statement"]))
    return tuple(dict.fromkeys(named)) if len(named) > 1 else tuple(named)


def aliases_in(said: Said) -> list[Reference]:
    """The unsealed aliases that a posting states; of any other event none."""
    stated = said.get("aliases", ())
    return [(alias["kind"], alias["value"]) for alias in stated if "value" in alias]


@cache
def person_fields(model: type[Event]) -> tuple[str, ...]:
    """The fields of an event class that hold a person."""
    return tuple(
        name
        for name, field in model.model_fields.items()
        if field.annotation in (PersonRef, PersonRef | None)
    )


def references(event: Event) -> tuple[Reference, ...]:
    """Every person and alias that the event names."""
    return references_in(entry_of(event), values_of(event))


def resolve(event: E, people: Mapping[Reference, Resolved]) -> E:
    """The event with person_ids and sealed aliases only; KeyError where `people` lacks one."""
    update: dict[str, Any] = {}
    for name in person_fields(type(event)):
        person: PersonRef | None = getattr(event, name)
        if person is not None and person.person_id is None:
            update[name] = PersonRef(person_id=people[reference_of(person)].person_id)
    stated = vars(event).get("aliases", ())
    if any(isinstance(alias, Alias) for alias in stated):
        update["aliases"] = tuple(_sealed(alias, people) for alias in stated)
    if isinstance(event, StatementSubmitted):
        ids = {reference: person.person_id for reference, person in people.items()}
        update["statement"] = submission.resolved(event.statement, ids)
    activity = vars(event).get("activity")
    if isinstance(activity, Activity) and activity.type is None:
        update["activity"] = activity.model_copy(update={"type": entry_of(event).type})
    return event.model_copy(update=update) if update else event


def _sealed(alias: Alias, people: Mapping[Reference, Resolved]) -> SealedAlias:
    commitment = people[(alias.kind, alias.value)].commitment
    return SealedAlias(kind=alias.kind, commitment=commitment or "")
