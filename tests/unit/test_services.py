"""Where the services are: from settings to the address that a role connects to."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from jejak.errors import Misuse
from jejak.home import Home
from jejak.services import Services, services_of
from jejak.settings import Settings
from jejak_lrs import roles

URL = "postgresql://dba@pg.internal:6432/learning?sslmode=verify-full&sslrootcert=/etc/it's ca.pem"


def services(folder: Path, **chosen: object) -> Services:
    settings = Settings.model_validate({"kafka_bootstrap_servers": "kafka:9092", **chosen})
    found = services_of(Home(folder), settings)
    found.secrets.folder.mkdir(exist_ok=True)
    for name in (f"postgres-{roles.WRITER}", "postgres-dba"):
        found.secrets.put(name, "p@ss/word?")
    return found


def test_a_url_gives_every_role_its_address_database_and_encryption(tmp_path: Path) -> None:
    found = services(tmp_path, database_url=URL.replace(" ", "%20"))
    assert conninfo_to_dict(found.dsn(roles.WRITER)) == {
        "user": "jejak_writer", "password": "p@ss/word?", "host": "pg.internal", "port": "6432",
        "dbname": "learning", "sslmode": "verify-full", "sslrootcert": "/etc/it's ca.pem",
    }  # fmt: skip
    setting_up = conninfo_to_dict(found.superuser_dsn())
    assert (setting_up["user"], setting_up["dbname"]) == ("dba", "postgres")
    assert setting_up["sslmode"] == "verify-full"


def test_agencies_are_told_another_host_where_one_is_set(tmp_path: Path) -> None:
    found = services(tmp_path, database_url="postgresql://h/d", database_public_host="outside")
    assert (found.postgres.host, found.public_postgres.host) == ("h", "outside")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"database_url": "postgresql://u:secret@h/d"}, "holds a password"),
        ({"database_url": "not a url"}, "not a libpq URL"),
        ({"database_url": "postgresql:///d"}, "must name a host"),
        ({"database_url": "postgresql://h/d", "database_host": "h"}, "none beside it"),
    ],
)
def test_a_url_that_cannot_be_meant_is_said_so_without_its_password(
    tmp_path: Path, chosen: dict[str, str], words: str
) -> None:
    with pytest.raises(Misuse, match=words) as said:
        services(tmp_path, **chosen)
    assert "secret@" not in str(said.value)
