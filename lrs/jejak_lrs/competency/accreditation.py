"""Who may say what, and on which days: roles, accreditations, suspensions.

Source: docs/competency.md, rules 6 and 10; the pages of the events in docs/contract.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import ClassVar, Final, Generic, TypeVar

from jejak_lrs.competency.days import end_of
from jejak_lrs.competency.decrees import Decree, all_in_force, decree, in_force
from jejak_lrs.competency.facts import Origin, Voice
from jejak_schemas import events
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.events import Event

_OPEN_ROLES: Final = frozenset({"provider", "marketplace"})  # theirs need accreditation
GUARANTOR: Final = "lan"  # may void and revoke anyone's
IDENTIFIER: Final = "bkn"  # may revoke any level
E = TypeVar("E")


class _Said(Generic[E]):
    """Decrees about institutions, by code."""

    def __init__(self) -> None:
        self._of: dict[str, list[Decree[E]]] = defaultdict(list)

    def add(self, code: str, said: Decree[E]) -> None:
        self._of[code].append(said)

    def on(self, code: str, day: date) -> Sequence[Decree[E]]:
        """All in force; of those that begin on one day the last word."""
        return all_in_force(self._of[code], day) if code in self._of else ()

    def codes(self) -> list[str]:
        return sorted(self._of)

    def last_on(self, code: str, day: date) -> Decree[E] | None:
        return in_force(self._of[code], day) if code in self._of else None


class Accreditation:
    """Everything decreed about institutions so far; for one thread."""

    def __init__(self) -> None:
        self._roles = _Said[frozenset[str]]()
        self._stopped = _Said[str]()
        self._providers = _Said[events.ProviderAccredited]()
        self._providers_stopped = _Said[str]()
        self._assessors = _Said[events.AssessorAccredited]()
        self._assessors_stopped = _Said[str]()

    def add(self, event: Event) -> None:
        """Take in one event, in any order; one that it does not know is passed over."""
        take = self._TAKE.get(type(event))
        if take is not None:
            take(self, event)

    def _genesis(self, event: events.Genesis) -> None:
        for institution in event.institutions:
            roles = frozenset[str](institution.roles)
            self._roles.add(institution.code, decree(event, roles, date.min))

    def _declared(self, event: events.PartyDeclared) -> None:
        roles = frozenset[str](event.roles)
        self._roles.add(event.code, decree(event, roles, event.valid_from))

    def _party_stopped(self, event: events.PartySuspended) -> None:
        self._stopped.add(event.code, _valid(event, event.code))

    def _provider(self, event: events.ProviderAccredited) -> None:
        self._providers.add(event.provider, _valid(event, event))

    def _provider_stopped(self, event: events.ProviderSuspended) -> None:
        self._providers_stopped.add(event.provider, _valid(event, event.provider))

    def _assessor(self, event: events.AssessorAccredited) -> None:
        self._assessors.add(event.assessor, _valid(event, event))

    def _assessor_stopped(self, event: events.AssessorSuspended) -> None:
        self._assessors_stopped.add(event.assessor, _valid(event, event.assessor))

    _TAKE: ClassVar[dict[type[Event], Callable[..., None]]] = {
        events.Genesis: _genesis,
        events.PartyDeclared: _declared,
        events.PartySuspended: _party_stopped,
        events.ProviderAccredited: _provider,
        events.ProviderSuspended: _provider_stopped,
        events.AssessorAccredited: _assessor,
        events.AssessorSuspended: _assessor_stopped,
    }

    # -- asking ---------------------------------------------------------------------------

    def roles_on(self, party: str, day: date) -> frozenset[str]:
        """The roles of a party on a day; empty where it has none or is unknown."""
        held = self._roles.last_on(party, day)
        return held.event if held else frozenset()

    def holders_of(self, role: str, day: date) -> list[str]:
        """Every party that holds a role on a day."""
        return [party for party in self._roles.codes() if role in self.roles_on(party, day)]

    def is_suspended(self, said: Voice) -> bool:
        """Rule 10: whether the sender or the provider was suspended when it happened.

        A provider's accreditation may be suspended alone: then only what it needs it for.
        """
        codes = {said.party, said.provider}
        if any(self._stopped.on(code, said.day) for code in codes):
            return True
        stopped = self._providers_stopped.on(said.provider, said.day)
        return bool(stopped) and self.needs_accreditation(said)

    def needs_accreditation(self, said: Voice) -> bool:
        """Unless it holds another role than provider or marketplace that may say the event."""
        entry = BY_NAME[said.event]
        if not entry.roles & _OPEN_ROLES:
            return False
        return not entry.roles & self.roles_on(said.provider, said.day) - _OPEN_ROLES

    def may_teach(self, said: Voice, form: str | None) -> bool:
        """Whether the provider was accredited for a form of learning, or needs no accreditation."""
        return not self.needs_accreditation(said) or any(
            form is None or not one.event.forms or form in one.event.forms
            for one in self._providers.on(said.provider, said.day)
        )

    def may_assess(self, origin: Origin, kind: str, position_class: str) -> bool:
        """Whether the assessor was accredited for that kind of competency and position level."""
        return any(
            kind in one.event.competency_kinds and position_class in one.event.position_classes
            for one in self._assessors.on(origin.provider, origin.day)
        )

    def is_assessor_suspended(self, origin: Origin) -> bool:
        """Rule 10: whether the assessor's accreditation was suspended when it assessed."""
        return bool(self._assessors_stopped.on(origin.provider, origin.day))


def _valid(event: Event, content: E) -> Decree[E]:
    starts: date = event.valid_from  # type: ignore[attr-defined]
    ends: date | None = event.valid_until  # type: ignore[attr-defined]
    return decree(event, content, starts, end_of(ends))
