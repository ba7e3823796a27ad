"""Kafka: who may sign in, what is allowed, how topics are made, whether one broker may fall."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from jejak.doctor.finding import Finding, Level, advised, judged
from jejak.doctor.folders import room
from jejak.errors import Fatal, JejakError, Retry
from jejak.foundations import own_grants
from jejak.kafka_admin import Broker, Grant, KafkaAdmin, Made, Topic, connected
from jejak.provisioning import NewParty, grants_of, topics_of
from jejak.services import OWN_USERS, RECORDER, Services
from jejak_schemas import topics
from jejak_schemas.credentials import Credentials

PART = "kafka"
OLDEST: Final = (3, 7)
PATIENCE: Final = 5.0
AGAIN: Final = "run `jejak party add` for it again (or have `party commands` run)"
# Kafka's settings that a broker must have, where it tells them.
BROKER: Final = {"auto.create.topics.enable": "false", "unclean.leader.election.enable": "false"}
CLUSTER: Final = 3  # brokers from which on a topic must outlive one of them
TOLERANCE: Final = timedelta(seconds=2)  # between two clocks


def examine(
    services: Services, parties: Sequence[Credentials], *, embedded: bool
) -> Iterator[Finding]:
    """Everything that the operator's and our own users can see of the brokers."""
    try:
        with connected(services.kafka(services.operator), PATIENCE) as admin:
            yield Finding(PART, services.bootstrap_servers, Level.WELL, "answers the operator")
            yield from _protocol(services)
            there = admin.brokers()
            yield from _cluster(there, embedded=embedded)
            yield from _topics(admin, parties, len(there))
            yield from _rights(admin, parties, services)
            yield from _clock(admin, parties)
    except Retry as error:
        mend = "is it up, and is this its address? see JEJAK_KAFKA_BOOTSTRAP_SERVERS"
        yield Finding(PART, services.bootstrap_servers, Level.AWAY, str(error), mend)
        return
    except JejakError as error:
        kept = f"kafka-{services.operator}{'.pem' if services.by_certificate else ''}"
        mend = f"what {services.operator} signs in with is the secret {kept}"
        yield Finding(PART, services.bootstrap_servers, Level.WRONG, str(error), mend)
        return
    for user in OWN_USERS:
        yield _login(services, user)
    yield _enforced(services)


def _protocol(services: Services) -> Iterator[Finding]:
    plain = services.security_protocol in ("PLAINTEXT", "SASL_PLAINTEXT")
    near = all(one.startswith(("127.", "localhost")) for one in services.public_servers.split(","))
    yield judged(
        PART, "encryption", services.security_protocol,
        "JEJAK_KAFKA_SECURITY_PROTOCOL=SASL_SSL: a NIP would cross the network in clear",
        well=not plain or near,
    )  # fmt: skip


def _cluster(brokers: Sequence[Broker], *, embedded: bool) -> Iterator[Finding]:
    for broker in brokers:
        name = f"broker {broker.number}"
        version = ".".join(map(str, broker.version))
        yield judged(
            PART, f"{name}, version", f"{version} at {broker.host}:{broker.port}",
            f"Kafka {'.'.join(map(str, OLDEST))} or later", well=broker.version >= OLDEST,
        )  # fmt: skip
        for key, wanted in BROKER.items():
            found = broker.settings.get(key)
            yield judged(
                PART, f"{name}, {key}", f"{found}", f"set it to {wanted}",
                well=found in (wanted, None),
            )  # fmt: skip
        if broker.free is not None and broker.size:
            yield room(PART, f"{name}, disk", broker.free, broker.size)
    mend = "three, for what must not be lost: docs/operating.md, A cluster that loses its parts"
    yield advised(
        PART, "brokers", str(len(brokers)), mend, well=embedded or len(brokers) >= CLUSTER
    )


def _topics(admin: KafkaAdmin, parties: Iterable[Credentials], brokers: int) -> Iterator[Finding]:
    must = [Topic(topics.CHECKPOINTS, 1, topics.CHECKPOINTS_KEPT)]
    must += [topic for party in parties for topic in topics_of(NewParty.of(party))]
    made = admin.topics([topic.name for topic in must])
    missing = [topic.name for topic in must if topic.name not in made]
    yield judged(
        PART, "topics", f"{len(made)} of {len(must)} there{_named(missing)}", AGAIN,
        well=not missing,
    )  # fmt: skip
    there = [(topic, made[topic.name]) for topic in must if topic.name in made]
    other = [text for topic, found in there for text in _differing(topic, found)]
    yield judged(
        PART, "topics' settings", f"as the contract says{_named(other, 'but for')}",
        "kafka-configs.sh --alter --entity-type topics --add-config KEY=VALUE", well=not other,
    )  # fmt: skip
    if brokers >= CLUSTER:
        weak = [topic.name for topic, found in there if not _outlives(found)]
        yield judged(
            PART, "replication", f"3 replicas, 2 in sync{_named(weak, 'but for')}",
            "kafka-reassign-partitions.sh; and min.insync.replicas=2", well=not weak,
        )  # fmt: skip


def _outlives(found: Made) -> bool:
    """Whether the topic outlives one broker, and takes no message that would not."""
    in_sync = int(found.settings.get("min.insync.replicas", "1"))
    return found.replicas >= CLUSTER and CLUSTER - 1 <= in_sync < found.replicas


def _differing(topic: Topic, found: Made) -> Iterator[str]:
    for key, wanted in topic.settings.items():
        if found.settings.get(key) != wanted:
            yield f"{topic.name}: {key} is {found.settings.get(key)}, not {wanted}"


def _rights(
    admin: KafkaAdmin, parties: Sequence[Credentials], services: Services
) -> Iterator[Finding]:
    users = {*OWN_USERS, *(party.party for party in parties)}
    if not services.by_certificate:
        yield from _passwords(admin.passwords(), users)
    wanted = [grant for party in parties for grant in grants_of(NewParty.of(party))]
    lacking = {grant.user for grant in admin.lacking([*own_grants(), *wanted])}
    yield judged(
        PART, "rights", f"all given{_named(sorted(lacking), 'but to')}",
        f"{AGAIN}; a suspended party lacks its own on purpose", well=not lacking,
    )  # fmt: skip
    quotas = admin.quotas()
    free = [party.party for party in parties if party.party not in quotas]
    yield judged(PART, "quotas", _quotas(quotas.keys() & users, free), AGAIN, well=not free)
    for code, quota in sorted(quotas.items()):
        if code in users and quota != services.quota:
            mega = f"writes {quota.write >> 20} MiB/s, reads {quota.read >> 20} MiB/s"
            yield Finding(PART, f"quota of {code}", Level.WORTH, mega, AGAIN)


def _passwords(held: Mapping[str, set[str]], users: set[str]) -> Iterator[Finding]:
    unknown = sorted(users - held.keys())
    yield judged(
        PART, "users", f"{len(users) - len(unknown)} of {len(users)} there{_named(unknown)}", AGAIN,
        well=not unknown,
    )  # fmt: skip
    two = sorted(user for user in users & held.keys() if len(held[user]) > 1)
    yield advised(
        PART, "passwords", f"one each{_named(two, 'but two of')}",
        "once it uses the new one: `jejak credentials retire CODE`", well=not two,
    )  # fmt: skip


def _quotas(held: Iterable[str], free: Sequence[str]) -> str:
    return f"{len(list(held))} parties are held to one{_named(free, 'but not')}"


def _clock(admin: KafkaAdmin, parties: Iterable[Credentials]) -> Iterator[Finding]:
    """The brokers' clock, by the newest message of an inbox: none may come from the future."""
    logs = admin.logs([topics.inbox(party.party) for party in parties])
    last = {
        (name, number): end - 1
        for name, log in logs.items()
        for number, (first, end) in log.bounds.items()
        if end > first
    }
    newest = max(admin.written_at(last).values(), default=None)
    if newest is not None:
        ahead = newest - datetime.now(UTC)
        yield judged(
            PART, "clock", f"newest message {_ago(-ahead)}", "set the brokers' clock by NTP",
            well=ahead < TOLERANCE,
        )  # fmt: skip


def _login(services: Services, user: str) -> Finding:
    try:
        with connected(services.kafka(user), PATIENCE):
            return Finding(PART, f"user {user}", Level.WELL, "signs in")
    except JejakError as error:
        return Finding(PART, f"user {user}", Level.WRONG, str(error), "run `jejak prepare`")


def _enforced(services: Services) -> Finding:
    """Whether the brokers refuse what no ACL allows: our recorder may ask for no ACLs."""
    try:
        with connected(services.kafka(RECORDER), PATIENCE) as admin:
            admin.lacking([Grant(RECORDER, "read", "topic", topics.CHECKPOINTS)])
    except Fatal:
        return Finding(PART, "ACLs", Level.WELL, "what none allows is refused")
    except JejakError as error:
        return Finding(PART, "ACLs", Level.AWAY, str(error), "see user recorder")
    mend = "set authorizer.class.name, and allow.everyone.if.no.acl.found=false"
    return Finding(PART, "ACLs", Level.WRONG, "the recorder may do what it has no right to", mend)


def _named(names: Sequence[str], before: str = "missing") -> str:
    """The first few names, where there are any."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004  a line's worth
    return f", {before} {', '.join(names[:3])}{more}" if names else ""


def _ago(age: timedelta) -> str:
    return f"{age.total_seconds():.0f} s ago"
