"""What Jejak would do as administrator, as the commands of Kafka's and PostgreSQL's own tools.

For sites where a platform team does this and hands out no such rights. They are made of the very
topics, rights and quotas that `provisioning` and `foundations` would make. No password stands in a
command: it is read from its file when the command runs.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping

from jejak.addresses import Quota
from jejak.foundations import own_grants
from jejak.issuing import database_secret, mechanism_of, party_secret
from jejak.kafka_admin import QUOTA_KEYS, Grant, Topic
from jejak.provisioning import NewParty, grants_of, topics_of
from jejak.services import OWN_USERS, Services
from jejak_lrs import roles
from jejak_schemas import topics
from jejak_schemas.credentials import SCRAM

FLAGS = {"topic": "--topic", "group": "--group", "transaction": "--transactional-id"}


def for_party(services: Services, party: NewParty) -> Iterator[str]:
    """What makes a party: user, quota, topics, rights; an agency's database role."""
    if not services.by_certificate:
        mechanism = mechanism_of(services, party.code)
        secret = party_secret(party.code, mechanism)
        services.secrets.ensure(secret)
        yield user(services, party.code, secret, mechanism)
    yield quota(services, party.code, services.quota)
    yield from (topic(services, each) for each in topics_of(party))
    yield from (right(services, each) for each in grants_of(party))
    if party.is_agency:
        role = roles.agency_role(party.code)
        services.secrets.ensure(database_secret(party.code))
        made = login(services, role, database_secret(party.code), roles.agency_defaults())
        yield psql([*QUIETLY, *made, f'GRANT {roles.AGENCIES} TO "{role}";'])


def for_foundations(services: Services) -> Iterator[str]:
    """What stands before any party: our users on Kafka, our roles, the database."""
    for each in () if services.by_certificate else OWN_USERS:
        services.secrets.ensure(f"kafka-{each}")
        yield user(services, each, f"kafka-{each}")
    yield topic(services, Topic(topics.CHECKPOINTS, 1, topics.CHECKPOINTS_KEPT))
    yield from (right(services, each) for each in own_grants())
    yield psql([*QUIETLY, *_own_roles(services)])


def _own_roles(services: Services) -> Iterator[str]:
    yield f"CREATE ROLE {roles.OWNER} NOLOGIN;"
    yield f"CREATE ROLE {roles.AGENCIES} NOLOGIN;"
    for role in roles.LOGINS:
        services.secrets.ensure(f"postgres-{role}")
        yield from login(services, role, f"postgres-{role}", roles.defaults(role))
    yield f"ALTER ROLE {roles.MIGRATOR} NOINHERIT;"
    yield f"GRANT {roles.OWNER} TO {roles.MIGRATOR};"
    yield f"GRANT {roles.WRITER} TO {roles.OWNER} WITH SET FALSE; -- before 16: without WITH"
    yield f"CREATE DATABASE {services.database} OWNER {roles.OWNER};"


# -- Kafka's tools ------------------------------------------------------------------------


def user(services: Services, name: str, secret: str, mechanism: str = SCRAM) -> str:
    """A user with the password that stands in a file."""
    file = shlex.quote(str(services.secrets.folder / secret))
    password = f"<(printf '{mechanism}=password=%s' \"$(cat {file})\")"
    entity = f"--entity-type users --entity-name {shlex.quote(name)}"
    return f"{_kafka('configs', services)} --alter --add-config-file {password} {entity}"


def quota(services: Services, name: str, held: Quota) -> str:
    """A user's quota."""
    said = ",".join(f"{key}={getattr(held, field)}" for field, key in QUOTA_KEYS.items())
    entity = f"--entity-type users --entity-name {shlex.quote(name)}"
    return f"{_kafka('configs', services)} --alter --add-config {said} {entity}"


def topic(services: Services, made: Topic) -> str:
    """A topic."""
    settings = "".join(f" --config {key}={value}" for key, value in made.settings.items())
    return (
        f"{_kafka('topics', services)} --create --if-not-exists --topic {shlex.quote(made.name)} "
        f"--partitions {made.partitions}{settings}"
    )


def right(services: Services, grant: Grant) -> str:
    """A right."""
    how = " --resource-pattern-type prefixed" if grant.prefixed else ""
    return (
        f"{_kafka('acls', services)} --add --allow-principal {shlex.quote(f'User:{grant.user}')} "
        f"--operation {grant.operation.capitalize()} {FLAGS[grant.resource]} "
        f"{shlex.quote(grant.name)}{how}"
    )


def _kafka(tool: str, services: Services) -> str:
    where = shlex.quote(services.bootstrap_servers)
    return f"kafka-{tool}.sh --bootstrap-server {where} --command-config admin.properties"


# -- PostgreSQL's -------------------------------------------------------------------------

# A password in ALTER ROLE would else stand in the server's log, as it came.
QUIETLY = (
    "SET log_statement = 'none';",
    "SET log_min_duration_statement = -1;",
    "SET log_min_error_statement = 'panic';",
    "SET password_encryption = 'scram-sha-256';",
)


def login(services: Services, role: str, secret: str, settings: Mapping[str, str]) -> Iterator[str]:
    """A role that signs in with the password that stands in a file."""
    yield f'CREATE ROLE "{role}" LOGIN;'
    yield f"\\set password `cat {shlex.quote(str(services.secrets.folder / secret))}`"
    yield f"ALTER ROLE \"{role}\" PASSWORD :'password';"
    yield from (f"ALTER ROLE \"{role}\" SET {key} = '{held}';" for key, held in settings.items())


def psql(lines: Iterable[str]) -> str:
    """Statements, run by psql as the server's administrator."""
    return "\n".join(["psql -d postgres -v ON_ERROR_STOP=1 <<'SQL'", *lines, "SQL"])


def script(lines: Iterable[str]) -> str:
    """All of it, to be read, and run with bash."""
    return "\n".join(["#!/usr/bin/env bash", "set -euo pipefail", *lines])
