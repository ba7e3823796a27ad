"""What stands before any party: roles, the database with its schema, our users on Kafka.

With a schema registry set, our released schemas in it, too.

Every step finds what is there and adds what is missing; `up` repeats it at each start.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from psycopg import sql

from jejak import keys
from jejak.kafka_admin import Grant, KafkaAdmin, Topic, connected
from jejak.services import AUDITOR, NOTARY, OWN_USERS, PUBLISHER, RECORDER, Services
from jejak_lrs import database, migrations, roles
from jejak_schemas import topics
from jejak_schemas.registry import register_all

RECORDER_GROUP = "jejak-recorder"
PUBLISHER_TRANSACTIONS = "jejak-publisher"
NOTARY_TRANSACTIONS = "jejak-notary"
EVERYBODY = "*"


def prepare(services: Services, *, prepared: bool = False) -> None:
    """Make the signing key, our roles, the database with its schema, our users on Kafka.

    With a schema registry, register what it does not hold yet. Where an administrator has
    `prepared` the rest (`jejak.byhand`), only the schema is made.
    """
    keys.ensure(services.secrets, os.environ)
    if prepared:
        migrations.migrate(services.dsn(roles.MIGRATOR))
    else:
        prepare_database(services)
        with connected(services.kafka(services.operator)) as admin:
            prepare_kafka(services, admin)
    if services.registry is not None:
        register_all(services.registry)


def prepare_database(services: Services) -> None:
    """Make roles, database and schema; what is there stays."""
    passwords = {role: services.secrets.ensure(f"postgres-{role}") for role in roles.LOGINS}
    with superuser(services) as connection:
        roles.create_roles(connection, passwords)
        found = connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [services.database]
        )
        if found.fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(services.database), sql.Identifier(roles.OWNER)
                )
            )
    migrations.migrate(services.dsn(roles.MIGRATOR))


def prepare_kafka(services: Services, admin: KafkaAdmin) -> None:
    """Make our own users on Kafka, what they may do, and the topic of checkpoints."""
    if not services.by_certificate:
        admin.set_passwords({user: services.secrets.ensure(f"kafka-{user}") for user in OWN_USERS})
    admin.create_topics([Topic(topics.CHECKPOINTS, 1, topics.CHECKPOINTS_KEPT)])
    admin.allow(own_grants())


def own_grants() -> list[Grant]:
    """What our own users may do, and no more; and that everybody may read the checkpoints."""
    return [
        Grant(RECORDER, "read", "topic", topics.INBOX_PREFIX, prefixed=True),
        Grant(RECORDER, "describe", "topic", topics.INBOX_PREFIX, prefixed=True),
        Grant(RECORDER, "read", "group", RECORDER_GROUP, prefixed=True),
        *(
            Grant(PUBLISHER, operation, "topic", prefix, prefixed=True)
            for prefix in (topics.RECEIPTS_PREFIX, topics.AGENCY_PREFIX)
            for operation in ("write", "describe")
        ),
        Grant(PUBLISHER, "write", "transaction", PUBLISHER_TRANSACTIONS, prefixed=True),
        Grant(PUBLISHER, "describe", "transaction", PUBLISHER_TRANSACTIONS, prefixed=True),
        Grant(NOTARY, "write", "topic", topics.CHECKPOINTS),
        Grant(NOTARY, "write", "transaction", NOTARY_TRANSACTIONS, prefixed=True),
        Grant(NOTARY, "describe", "transaction", NOTARY_TRANSACTIONS, prefixed=True),
        # Not inboxes: they hold numbers of persons, and nobody would know who looked.
        *(
            Grant(AUDITOR, operation, "topic", prefix, prefixed=True)
            for prefix in (topics.RECEIPTS_PREFIX, topics.AGENCY_PREFIX)
            for operation in ("read", "describe")
        ),
        Grant(EVERYBODY, "read", "topic", topics.CHECKPOINTS),
        Grant(EVERYBODY, "describe", "topic", topics.CHECKPOINTS),
    ]


@contextmanager
def superuser(services: Services) -> Iterator[database.Connection]:
    """A connection that may make roles and databases."""
    with closing(database.connect(services.superuser_dsn())) as connection:
        yield connection
