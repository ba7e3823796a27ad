"""Who may speak, and for whom: the table `party`, read once and asked without I/O.

Dates are Asia/Jakarta, `valid_until` is inclusive. Of two records about one code that begin on the
same day the later one replaces the earlier; so a suspension or an accreditation is shortened by
stating it again with an end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from jejak_lrs.database import Connection

from jejak_lrs.ledger.batch import PartyChange

DECLARED: Final = "PartyDeclared"
SUSPENDED: Final = "PartySuspended"
ACCREDITED: Final = "ProviderAccredited"
PROVIDER_SUSPENDED: Final = "ProviderSuspended"


@dataclass(frozen=True, slots=True)
class Parties:
    """All parties at one registry version."""

    _changes: Mapping[tuple[str, str], tuple[PartyChange, ...]]  # (event type, code)
    # What was asked before: a batch asks the same of each message.
    _roles: dict[tuple[str, date], frozenset[str]] = field(default_factory=dict, repr=False)
    _accredited: dict[tuple[str, str | None, date], bool] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(changes: Iterable[PartyChange]) -> Parties:
        """Parties as these changes, in the order of their positions, make them."""
        latest: dict[tuple[str, str], dict[date, PartyChange]] = {}
        for change in changes:
            latest.setdefault((change.event_type, change.code), {})[change.valid_from] = change
        return Parties(
            {key: tuple(by_start[start] for start in sorted(by_start))
             for key, by_start in latest.items()}
        )  # fmt: skip

    def anew(self) -> Parties:
        """The same, remembering no question: days that are asked about never end."""
        return Parties(self._changes)

    def roles_of(self, code: str, on: date) -> frozenset[str]:
        """The roles of a party on a day; empty if it is not declared then.

        A later declaration holds from its own first day on, also over an earlier one's end.
        """
        roles = self._roles.get((code, on))
        if roles is None:
            begun = [c for c in self._changes.get((DECLARED, code), ()) if c.valid_from <= on]
            roles = frozenset(begun[-1].roles if begun and _covers(begun[-1], on) else ())
            self._roles[code, on] = roles
        return roles

    def is_suspended(self, code: str, on: date) -> bool:
        """Whether the operator has suspended the party on a day."""
        return bool(self._in_force(SUSPENDED, code, on))

    def suspension(self, code: str, on: date) -> PartyChange | None:
        """The operator's suspension of a party in force on a day; None if there is none."""
        in_force = self._in_force(SUSPENDED, code, on)
        return in_force[-1] if in_force else None

    def accredited(self, provider: str, form: str | None, on: date) -> bool:
        """Whether a provider is accredited on a day, for a form of learning if one is named."""
        answer = self._accredited.get((provider, form, on))
        if answer is None:
            answer = not self._in_force(PROVIDER_SUSPENDED, provider, on) and any(
                form is None or not accreditation.forms or form in accreditation.forms
                for accreditation in self._in_force(ACCREDITED, provider, on)
            )
            self._accredited[provider, form, on] = answer
        return answer

    def may_speak_for(self, sender: str, provider: str, on: date) -> bool:
        """Whether an accreditation of the provider names the sender as a technical sender."""
        return any(sender in c.senders for c in self._in_force(ACCREDITED, provider, on))

    def codes(self) -> frozenset[str]:
        """Every party ever declared."""
        return frozenset(code for event_type, code in self._changes if event_type == DECLARED)

    def _in_force(self, event_type: str, code: str, on: date) -> list[PartyChange]:
        changes = self._changes.get((event_type, code))
        return [c for c in changes if _covers(c, on)] if changes else []


def load(connection: Connection, held: tuple[int, Parties] | None = None) -> tuple[int, Parties]:
    """(registry version, parties), from one snapshot.

    There may be thousands, and a recorder asks for each batch: what it holds of the version that is
    still the ledger's is not read again.
    """
    if held is not None and held[0] == _version(connection):
        return held[0], held[1].anew()
    found = connection.execute(
        "SELECT registry_version, code, event_type, valid_from, valid_until, roles, senders, forms "
        "FROM ledger_head LEFT JOIN party ON true ORDER BY position"
    ).fetchall()
    changes = [
        PartyChange(*row[:4], *map(tuple, row[4:])) for _, *row in found if row[0] is not None
    ]
    return found[0][0], Parties.of(changes)


def _version(connection: Connection) -> int:
    found = connection.execute("SELECT registry_version FROM ledger_head").fetchone()
    return int(found[0]) if found else 0


def _covers(change: PartyChange, on: date) -> bool:
    return change.valid_from <= on and (change.valid_until is None or on <= change.valid_until)
