"""What a record says that a rule of the exceptions report may need, in short and without checks.

Times are microseconds since 1970, days are days since then (Asia/Jakarta). A sighting belongs to a
group: `p` and a person, `c` and a certificate (issuer and number), or `v` and a void.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from jejak_schemas.clock import days_of, jakarta_day_of, micros_of
from jejak_schemas.events import (
    CertificateEarned,
    PersonMoved,
    PersonRegistered,
    PersonSeparated,
    RosterDeclared,
    StatementSubmitted,
    StatementVoided,
)
from jejak_schemas.statement import fields_of

if TYPE_CHECKING:
    from uuid import UUID

    from jejak_lrs.ledger.history import Record

VOID: Final = StatementVoided.__name__
CERTIFICATE: Final = CertificateEarned.__name__
SEPARATED: Final = PersonSeparated.__name__
ROSTER: Final = RosterDeclared.__name__
POSTINGS: Final = frozenset({PersonRegistered.__name__, PersonMoved.__name__})
# Whose statement is its own words: nothing is read from it here.
_UNREAD: Final = frozenset({StatementSubmitted.__name__})


class Sighting(NamedTuple):
    """One record. What an event has no field for is None.

    Of a void `target` is the statement it takes back and `of` whose that is, or None where it is
    not recorded; `of` of a target that is itself a void is that word.
    """

    position: int
    statement_id: str
    event: str
    stored: int
    occurred_at: int
    party: str
    provider: str
    activity: str | None = None
    offering: str | None = None
    form: str | None = None
    registration: str | None = None
    jp_claimed: int | None = None
    duration: int | None = None
    international: bool = False
    first_day: int | None = None
    last_day: int | None = None
    number: str | None = None
    programme: str | None = None
    working_agency: str | None = None
    home_agency: str | None = None
    target: str | None = None
    of: str | None = None

    @property
    def day(self) -> date:
        """The day on which it happened."""
        return jakarta_day_of(self.occurred_at)

    def document(self) -> bytes:
        """It as bytes."""
        return orjson.dumps([*self])


def parse(document: bytes) -> Sighting:
    """What `document` said."""
    return Sighting(*orjson.loads(document))


def sighting(record: Record, plain: bytes | None) -> Sighting | None:
    """What a record says; None where nothing that a rule could need."""
    if plain is None or record.event_type in _UNREAD:
        return None
    try:
        _, said = fields_of(orjson.loads(plain))
    except (LookupError, ValueError, TypeError, AttributeError):
        return None  # a statement that we did not make; `jejak audit check` judges it
    return Sighting(
        position=record.position,
        statement_id=str(record.statement_id),
        event=record.event_type,
        stored=micros_of(record.stored),
        occurred_at=micros_of(record.occurred_at),
        party=record.party,
        provider=record.on_behalf_of or record.party,
        activity=_id(said.get("activity")),
        offering=said.get("offering"),
        form=said.get("form"),
        registration=said.get("registration"),
        jp_claimed=said.get("jp_claimed"),
        duration=said.get("duration"),
        international=said.get("scope") == "international",
        first_day=_day(said.get("started_on") or said.get("valid_from")),
        last_day=_day(said.get("ended_on") or said.get("valid_until")),
        number=_number(said.get("certificate")),
        programme=said.get("programme"),
        working_agency=said.get("working_agency"),
        home_agency=said.get("home_agency"),
        target=said.get("target"),
    )


def group_of_person(person_id: UUID) -> str:
    """The group of everything about a person."""
    return f"p{person_id}"


def group_of_certificate(one: Sighting) -> str:
    """The group of everything about a certificate: its issuer and number."""
    return f"c{one.provider}/{one.number}"


def group_of_void(one: Sighting) -> str:
    """A void's own group."""
    return f"v{one.statement_id}"


def _id(activity: Any) -> str | None:
    return activity["id"] if isinstance(activity, dict) else None


def _number(certificate: Any) -> str | None:
    return certificate["number"] if isinstance(certificate, dict) else None


def _day(text: str | None) -> int | None:
    return None if text is None else days_of(date.fromisoformat(text))
