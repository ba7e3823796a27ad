"""Everything that we send: receipts, changes, profile states, checkpoints.

Receipts and changes are numbered chains, one a topic: a reader accepts a message whose
`prev_seq` is its last `seq`, drops those at or below it, and waits at a gap (chain.py).
Profile states form no chain: per person the greatest (epoch, version) holds.
"""

from typing import Annotated, Literal

from pydantic import Field

from jejak_schemas.parts import Part
from jejak_schemas.wire import (
    AgencyCode,
    Code,
    Day,
    Id,
    Iri,
    Level,
    Many,
    PartyCode,
    Sha256,
    Text,
    Time,
)

Number = Annotated[int, Field(ge=0)]
SafeText = Annotated[str, Field(max_length=1_000)]
Note = Annotated[str, Field(max_length=20_000)]


class Outgoing(Part):
    """Anything we send carries the ledger's epoch: another epoch means reload."""

    epoch: Id


class Chained(Outgoing):
    """One link of a numbered chain; the first link of a topic has prev_seq 0 and seq 1."""

    seq: Number
    prev_seq: Number


class Receipt(Chained):
    """What became of one message: always with its source, `topic`, `partition`, `offset`."""

    outcome: Literal["recorded", "duplicate", "conflict", "refused"]
    topic: SafeText
    partition: Number
    offset: Number
    event_id: Id | None = None
    position: Number | None = None
    reason: Code | None = None
    field: SafeText | None = None
    detail: SafeText | None = None
    warnings: Many[Code] = ()


class Because(Part):
    """The record that made a change, and the rule that says so."""

    position: Number
    statement_id: Id
    rule: Code


class Change(Chained):
    """One difference in one person's profile, as an agency receives it.

    `relation` says whether the agency is the person's home or working agency;
    `match_refs` are HMAC-SHA256(match key, NIP) in hex; `version` per person only grows.
    """

    number: Number
    change_id: Id
    person_id: Id
    relation: Literal["home", "working", "both"]
    match_refs: Many[Sha256] = ()
    version: Number
    changed_at: Time
    because: Because | None = None


class LevelChanged(Change):
    """The level of one competency, asserted or indicated; None is no level.

    `valid_until` is the last day of the level after, as the ledger knew it at the change; None is
    no end. A day that moves without the level is no change: the profile says it.
    """

    competency: Iri
    standing: Literal["asserted", "indicated"]
    before: Level | None = None
    after: Level | None = None
    valid_until: Day | None = None


class LearningHoursChanged(Change):
    """The learning hours of a year, in hundredths of a JP: credited or reversed.

    The year begins at `starts_on`: a calendar year, or the year of a PPPK's contract.
    """

    starts_on: Day
    before: Number  # a sum: no event's limit holds for it
    after: Number


class CertificateChanged(Change):
    """The state of an issuer's certificate: earned, expiring, expired, revoked or withdrawn."""

    certificate: Text
    issuer: PartyCode
    before: Code | None = None
    after: Code
    valid_until: Day | None = None


class ProgrammeChanged(Change):
    """How far the person is in a programme."""

    programme: Code
    cohort: Code | None = None
    before: Code | None = None
    after: Code | None = None


class PersonJoined(Change):
    """The person now belongs to the agency; their whole state is on the profile topic."""

    before: AgencyCode | None = None
    after: AgencyCode


class PersonLeft(Change):
    """The person no longer belongs to the agency; the profile topic holds a tombstone."""

    before: AgencyCode
    after: AgencyCode | None = None


class ProfileRestated(Change):
    """A rebuild changed the profile; before and after are its digests."""

    before: Sha256
    after: Sha256


class ProfileState(Outgoing):
    """Everything the ledger supports about one person now: `profile` is canonical JSON."""

    person_id: Id
    relation: Literal["home", "working", "both"]
    match_refs: Many[Sha256] = ()
    version: Number
    assessed_to: Number
    digest: Sha256
    profile: str


class Checkpoint(Outgoing):
    """What the notary has signed of one log, on `jejak.checkpoints`; the key is `log`.

    `note` is the whole signed note (C2SP tlog-checkpoint), which an auditor verifies; the other
    fields repeat it for those who only watch. The records' and the outcomes' checkpoints that
    were made from one read have the same `made_at`.
    """

    log: Text
    size: Number
    root: Sha256
    made_at: Time
    note: Note


CHANGES: tuple[type[Change], ...] = (
    LevelChanged,
    LearningHoursChanged,
    CertificateChanged,
    ProgrammeChanged,
    PersonJoined,
    PersonLeft,
    ProfileRestated,
)
OUTGOING: tuple[type[Outgoing], ...] = (Receipt, *CHANGES, ProfileState, Checkpoint)
