"""What `jejak prepare --commands` and `jejak party commands` print, run as an administrator would.

Opt-in (`make test-access`, some minutes: each command is a Java of its own). Kafka's scripts
are stood for by shims that start the same main classes.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jejak import byhand, foundations, provisioning
from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.embedded.postgres import programs
from jejak.foundations import own_grants
from jejak.home import Secrets, default_cache
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty, grants_of, topics_of
from jejak.services import OWN_USERS
from jejak_lrs import database, roles
from tests.services import Database, Kafka, Postgres, running_postgres, services_on

pytestmark = pytest.mark.integration

LOCK = Path(__file__).with_name("kafka-tools.lock")
MAIN = {
    "configs": "kafka.admin.ConfigCommand",
    "topics": "org.apache.kafka.tools.TopicCommand",
    "acls": "org.apache.kafka.tools.AclCommand",
}
PARTIES = [
    NewParty("4961", "A", ("agency",), partitions=3),
    NewParty("pa-hand", "P", ("provider",)),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server where nothing of ours is yet: roles belong to a whole server."""
    with running_postgres()(tmp_path) as found:
        yield found


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with `kafka-configs.sh` and its neighbours."""
    cache = Path(os.environ.get("JEJAK_CACHE") or default_cache())
    more = [jars.Jar.parse(line) for line in LOCK.read_text("utf-8").splitlines()[1:]]
    path = jars.class_path(jars.fetched(cache, [*jars.locked(), *more], print))
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool, main in MAIN.items():
        java = f'exec "{find_java(os.environ)}" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
        script = folder / f"kafka-{tool}.sh"
        script.write_text(f'#!/bin/sh\n{java} -cp "{path}" {main} "$@"\n')
        script.chmod(0o755)
    return folder


def test_what_administrators_run_makes_all_that_jejak_would_make(
    kafka: Kafka, server: Postgres, tools: Path, tmp_path: Path
) -> None:
    store = Secrets(tmp_path / "it's secret")
    ours = services_on(kafka, Database(server, "jejak", {}), store.folder)
    lines = [
        *byhand.for_foundations(ours),
        *(line for party in PARTIES for line in byhand.for_party(ours, party)),
    ]
    run(byhand.script(lines), kafka, server, tools, tmp_path)

    foundations.prepare(ours, prepared=True)
    made = provisioning.add_parties(ours, tmp_path, PARTIES, lambda _: None, prepared=True)

    with connected(kafka.operator) as admin:
        wanted = [grant for party in PARTIES for grant in grants_of(party)]
        assert admin.lacking([*own_grants(), *wanted]) == []
        for topic in (topic for party in PARTIES for topic in topics_of(party)):
            there = admin.topics([topic.name])[topic.name]
            assert there.partitions == topic.partitions
            assert there.settings.items() >= topic.settings.items()
        quotas = admin.quotas()
        assert {party.code: quotas[party.code] for party in PARTIES} == {
            party.code: ours.quota for party in PARTIES
        }
    for access in [*map(ours.kafka, OWN_USERS), *(one.kafka for one in made)]:
        with connected(access, patience=10):
            pass
    for role in roles.LOGINS:
        database.connect(ours.dsn(role)).close()
    agency = made[0].agency
    assert agency is not None
    with closing(database.connect(agency.database_url.get_secret_value())) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchall() == [("on",)]


def run(script: str, kafka: Kafka, server: Postgres, tools: Path, folder: Path) -> None:
    """With bash, from a folder where the administrator's own login lies."""
    login = kafka.operator
    jaas = f'required username="{login.username}" password="{kafka.password}";'
    (folder / "admin.properties").write_text(
        f"security.protocol={login.security_protocol}\nsasl.mechanism={login.sasl_mechanism}\n"
        f"sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule {jaas}\n"
    )
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(tools), str(programs()), os.environ["PATH"]]),
        "PGHOST": server.address.host, "PGPORT": str(server.address.port),
        "PGUSER": server.user, "PGPASSWORD": server.password,
    }  # fmt: skip
    done = subprocess.run(
        ["bash"], input=script, env=environment, cwd=folder, text=True, capture_output=True,
        check=False, timeout=480,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
