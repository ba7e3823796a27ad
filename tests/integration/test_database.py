"""What our connections write of Python's values."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import psycopg
import pytest

from jejak_lrs import roles
from jejak_lrs.database import Connection, connect
from tests import services

pytestmark = pytest.mark.integration

IDS = [UUID(int=number) for number in (0, 1, 2**128 - 1)]


@pytest.fixture
def connection(database: services.Database) -> Iterator[Connection]:
    with closing(connect(database.dsn(roles.READER))) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", IDS),
        ("uuid", [IDS[0], None, IDS[1]]),
        ("uuid", [None, *IDS]),
        ("bigint", [-(2**63), 0, 2**63 - 1]),
        ("smallint", [1, None]),
        ("text", ["", "null", 'a "b", {c} \\', None, "ä"]),
        ("boolean", [True, False]),
        ("uuid", []),
    ],
)
def test_a_list_is_the_array_of_its_values(
    connection: Connection, kind: str, values: list[object]
) -> None:
    said = connection.execute(f"SELECT %s::{kind}[]".encode(), [values]).fetchone()
    assert said == (values,)
    whole = connection.execute(f"SELECT %s::{kind}[]".encode(), [values], prepare=True)
    assert whole.fetchone() == (values,)


def test_a_list_of_numbers_and_ids_is_refused(connection: Connection) -> None:
    with pytest.raises(psycopg.DataError, match="mixed types"):
        connection.execute("SELECT %s", [[1, IDS[0]]])
