"""Who a person is and where they serve: 42 to 47 of the catalogue."""

from typing import Annotated, Literal

from pydantic import Field

from jejak_schemas.events.family import RegistryEvent, Validity
from jejak_schemas.parts import Alias, PersonRef, SealedAlias
from jejak_schemas.wire import AgencyCode, Code, Day, Id, Many, Text


class Posting(RegistryEvent):
    """What BKN says of a person's post; as recorded, the aliases are sealed."""

    person: PersonRef
    aliases: Annotated[Many[Alias] | Many[SealedAlias], Field(max_length=20)] = ()
    home_agency: AgencyCode
    working_agency: AgencyCode
    unit: Code | None = None
    position: Text | None = None
    position_class: Code
    kind: Literal["PNS", "PPPK"]
    contract_start: Day | None = None
    valid_from: Day


class PersonRegistered(Posting):
    """BKN's word on who a person is, and where they serve."""


class PersonMoved(Posting):
    """BKN's word that a person serves elsewhere or otherwise, from a date."""


class PersonMerged(RegistryEvent):
    """BKN's word that two persons are one from the start; `person` is the id that stays."""

    person: PersonRef
    absorbed: PersonRef


class PersonSplit(RegistryEvent):
    """BKN undoes a merge, named by its event id; `person` is the id that had stayed."""

    person: PersonRef
    target: Id


class PersonSeparated(RegistryEvent):
    """A person has left the service, from a date."""

    person: PersonRef
    reason: Literal["retired", "resigned", "deceased"]
    valid_from: Day


class RosterDeclared(RegistryEvent, Validity):
    """An agency says that a person is one of its own, until BKN's word overrides it."""

    person: PersonRef
    unit: Code | None = None
    position: Text | None = None
    position_class: Code | None = None
