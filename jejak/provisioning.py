"""Adding institutions, one or many: user, rights, topics, inbox, database role, credentials.

Every step finds what is there and adds what is missing, so running it again mends a half-done run.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

from jejak.addresses import Quota
from jejak.errors import Misuse, Refuse
from jejak.foundations import superuser
from jejak.issuing import credentials_for, database_secret, known_parties, write_credentials
from jejak.kafka_admin import Grant, KafkaAdmin, Log, Topic, connected
from jejak.services import OWN_USERS, Services
from jejak_lrs import database, roles
from jejak_lrs.ledger import inboxes
from jejak_schemas import topics
from jejak_schemas.credentials import (
    OTHER_SCRAM,
    SCRAM,
    Credentials,
    Topics,
)
from jejak_schemas.parts import Role
from jejak_schemas.wire import holds_nip

PARTY_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,30}")
INBOX_PARTITIONS = 2
# Parties. The brokers refuse what makes more than 10,000 records of theirs at once: a topic makes
# one for itself, one for each partition and one for each setting.
AT_ONCE = 100
# Beside what the contract says of an inbox. The broker unpacks whatever codec a sender used (the
# recorder needs none of them), and measures the unpacked size: no small message can become a large
# one in the recorder. Time is the broker's: by a sender's clock messages could be kept too short.
GUARDED = {"compression.type": "uncompressed", "message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True, slots=True)
class NewParty:
    """An institution to be added: its code, name and roles, and how wide its inbox is for life.

    `partitions` None: as wide as it is, or of the usual width.
    """

    code: str
    name: str
    roles: tuple[Role, ...]
    partitions: int | None = None

    @classmethod
    def of(cls, known: Credentials) -> Self:
        """The party of a credentials file."""
        return cls(known.party, known.party, cast("tuple[Role, ...]", known.roles))

    @property
    def is_agency(self) -> bool:
        """Whether it has people, and so changes and profiles."""
        return "agency" in self.roles

    @property
    def topics(self) -> Topics:
        """Its topics; every role emits, so each has an inbox and receipts."""
        agency = self.is_agency
        return Topics(
            inbox=topics.inbox(self.code),
            receipts=topics.receipts(self.code),
            changes=topics.changes(self.code) if agency else None,
            profiles=topics.profiles(self.code) if agency else None,
        )


Declare = Callable[[Sequence[NewParty]], None]
"""Appends a PartyDeclared record for each party that the ledger does not know with these roles.

A seam: the ledger's side of it is given by the composition root.
"""


def add_parties(
    services: Services,
    folder: Path,
    parties: Sequence[NewParty],
    declare: Declare,
    *,
    prepared: bool = False,
) -> list[Credentials]:
    """Add parties, all in a few calls; returns their credentials, also written to `folder`.

    A party that is there keeps its password and match key. Each gets its user, rights, topics and
    inbox rows, an agency its database role; last, `declare` tells the ledger. What an administrator
    does is left out where others have `prepared` it (`jejak.byhand`).
    Misuse for a code that is ours or not a code; Refuse for an inbox that has another width.
    """
    for party in parties:
        check_code(party.code)
    credentials = [credentials_for(services, party) for party in parties]
    with connected(services.kafka(services.operator)) as admin:
        refuse_other_width(admin, parties)
        if not prepared:
            provision_kafka(admin, parties, credentials, services.quota)
        logs = admin.logs([topics.inbox(party.code) for party in parties])
    missing = [party.topics.inbox for party in parties if party.topics.inbox not in logs]
    if missing:
        raise Refuse(f"{missing[0]} is not there: have `jejak party commands` run first")
    if not prepared:
        make_agency_logins(services, credentials)
    open_inboxes(services, parties, logs)
    for each in credentials:
        write_credentials(folder, each)
    declare(parties)
    return credentials


def refuse_other_width(admin: KafkaAdmin, parties: Iterable[NewParty]) -> None:
    """Refuse where a width is asked for and the inbox is there with another: it keeps its own.

    Another number of partitions would put a person's later events into another one than the
    earlier, and lose their order.
    """
    asked = {topics.inbox(one.code): one.partitions for one in parties if one.partitions}
    for inbox, made in admin.topics(asked).items():
        if made.partitions != asked[inbox]:
            raise Refuse(
                f"the partitions of {inbox} are {made.partitions}, for life: leave --partitions out"
            )


def make_agency_logins(services: Services, credentials: Iterable[Credentials]) -> None:
    """A read-only database role for each agency."""
    agencies = [each.party for each in credentials if each.agency is not None]
    with superuser(services) as connection:
        for code in agencies:
            password = services.secrets.ensure(database_secret(code))
            roles.create_agency_role(connection, code, password)


def open_inboxes(services: Services, parties: Iterable[NewParty], logs: Mapping[str, Log]) -> None:
    """The ledger's row for each inbox partition, without which the recorder reads nothing of it.

    As many as the topic has: how wide an inbox is was settled when it was made.
    """
    with closing(database.connect(services.dsn(roles.WRITER))) as connection:
        for party in parties:
            inbox = topics.inbox(party.code)
            inboxes.open_inbox(
                connection,
                topic_id=logs[inbox].topic_id,
                topic=inbox,
                partitions=len(logs[inbox].bounds),
                party=party.code,
            )


def check_code(code: str) -> None:
    """Misuse unless `code` can be a party's: the contract's form, and none of our own users."""
    if not PARTY_CODE.fullmatch(code):
        raise Misuse(f"{code!r} is not a party code: lower-case letters, digits and -, 2 to 31")
    if code in {*OWN_USERS, "operator"}:
        raise Misuse(f"{code!r} is a user of Jejak's own; choose another code")
    if holds_nip(code):
        raise Misuse("a party's code may not look like the number of a person")


def provision_kafka(
    admin: KafkaAdmin, parties: Sequence[NewParty], credentials: Sequence[Credentials], quota: Quota
) -> None:
    """Users, quotas, topics and rights of many parties."""
    for start in range(0, len(parties), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        for mechanism in (SCRAM, OTHER_SCRAM):
            admin.set_passwords(passwords_of(credentials[some], mechanism), mechanism)
        admin.limit({party.code: quota for party in parties[some]})
        admin.create_topics([topic for party in parties[some] for topic in topics_of(party)])
        admin.allow([grant for party in parties[some] for grant in grants_of(party)])


def passwords_of(credentials: Iterable[Credentials], mechanism: str) -> dict[str, str]:
    """The passwords of those who have one, and sign in by this mechanism."""
    return {
        one.kafka.username: one.kafka.password.get_secret_value()
        for one in credentials
        if not one.kafka.by_certificate and one.kafka.sasl_mechanism == mechanism
    }


def topics_of(party: NewParty) -> Iterable[Topic]:
    """The topics of a party with the contract's policies."""
    width = party.partitions or INBOX_PARTITIONS
    yield Topic(topics.inbox(party.code), width, topics.INBOX_KEPT | GUARDED)
    yield Topic(topics.receipts(party.code), 1, topics.RECEIPTS_KEPT)
    if party.is_agency:
        yield Topic(topics.changes(party.code), 1, topics.CHANGES_KEPT)
        yield Topic(topics.profiles(party.code), 1, topics.PROFILES_KEPT)


def grants_of(party: NewParty) -> Iterable[Grant]:
    """What a party may do: write its inbox, read what is sent to it, with groups of its own."""
    user = party.code
    yield Grant(user, "write", "topic", topics.inbox(user))
    yield Grant(user, "describe", "topic", topics.inbox(user))
    names = (party.topics.receipts, party.topics.changes, party.topics.profiles)
    for name in filter(None, names):
        yield Grant(user, "read", "topic", name)
        yield Grant(user, "describe", "topic", name)
    yield Grant(user, "read", "group", f"{user}.", prefixed=True)


def refresh_credentials(services: Services, folder: Path) -> int:
    """Write anew the credentials files that name an old address; returns how many."""
    stale = 0
    for old in known_parties(folder):
        new = credentials_for(services, NewParty.of(old))
        if new.dump() != (folder / f"{old.party}.toml").read_text("utf-8"):
            write_credentials(folder, new)
            stale += 1
    return stale


def known_party(folder: Path, code: str) -> NewParty:
    """A party of this home by its code; Refuse if there is none."""
    check_code(code)
    path = folder / f"{code}.toml"
    if not path.exists():
        raise Refuse(f"no party {code!r} in {folder}; `jejak party list` shows those there are")
    return NewParty.of(Credentials.load(path))


def shut_out(services: Services, code: str) -> None:
    """Take a suspended party's right to write; it may go on reading what was sent to it."""
    with connected(services.kafka(services.operator)) as admin:
        admin.revoke([code])
        reading = [
            grant
            for grant in grants_of(NewParty(code, code, ("agency",)))
            if grant.operation != "write"
        ]
        admin.allow(reading)
