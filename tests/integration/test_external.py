"""A home over services that others run, and the demo's manners there."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from jejak import processes, settings
from jejak.demo import stage
from jejak.errors import Misuse
from jejak.home import Home
from jejak.kafka_admin import connected
from jejak_lrs import roles
from jejak_lrs.ledger import history
from tests.services import Kafka, Postgres

pytestmark = pytest.mark.integration


def test_on_services_of_others_a_home_starts_its_loops_only_and_stops_those(
    external_home: Home, kafka: Kafka, postgres: Postgres
) -> None:
    said: list[str] = []
    chosen = settings.load(external_home)
    with processes.running(external_home, chosen, loops=("projector",), tell=said.append) as up:
        assert up.embedded is None
        assert up.services.bootstrap_servers == kafka.bootstrap_servers
        (projector,) = (loop.process for loop in up.loops)
        assert projector is not None
        assert projector.running
        with closing(psycopg.connect(up.services.dsn(roles.READER))) as connection:
            assert history.head(connection).next_position == 0
    assert said == []
    assert not projector.running
    psycopg.connect(postgres.dsn()).close()
    with connected(kafka.operator) as admin:
        assert "operator" in admin.passwords()


def test_the_demo_does_not_play_on_services_of_others_unasked(
    external_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings.load(external_home)
    monkeypatch.setenv("JEJAK_KAFKA_BOOTSTRAP_SERVERS", str(chosen.kafka_bootstrap_servers))
    monkeypatch.setenv("JEJAK_DATABASE_HOST", str(chosen.database_host))
    with pytest.raises(Misuse, match="--external"), stage.staged(tmp_path / "new", print):
        pass
