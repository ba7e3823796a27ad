"""`jejak schema register`: the operator's act, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jejak import cli
from jejak_schemas import avro
from jejak_schemas.registry import client
from jejak_schemas.registry.registering import subject_of
from tests.schema_registry import Answer, Registry, serving

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    with serving(Registry()) as one:
        monkeypatch.setenv("JEJAK_REGISTRY_URL", one.url.replace("//", "//lan:rahasia@"))
        yield one


def register(home: Path, *words: str) -> int:
    return cli.run(["schema", "register", "--home", str(home), *words], debug=False)


def test_every_version_is_registered_once(
    registry: Registry, tmp_path: Path, capsys: Captured
) -> None:
    versions = sum(len(avro.versions(name)) for name in avro.released())
    expected = {"registry": registry.url, "subjects": len(avro.released()), "versions": versions}
    for new in (versions, 0):
        assert register(tmp_path, "--json") == 0
        assert json.loads(capsys.readouterr().out) == {**expected, "new": new}


def test_a_person_reads_what_is_there_and_no_password(
    registry: Registry, tmp_path: Path, capsys: Captured
) -> None:
    assert register(tmp_path) == 0
    said = capsys.readouterr().out
    assert registry.url in said
    assert "rahasia" not in said


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (503, 3, "HTTP status 503"),
        (401, 4, "refuses lan"),
        (409, 4, f"{subject_of('AgencyRestructured')}: "),
    ],
)
def test_it_ends_by_what_the_operator_must_do(
    registry: Registry,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: int,
    why: str,
) -> None:
    monkeypatch.setattr(client, "_FIRST_PAUSE", 60.0)  # longer than anybody's patience
    registry.bent = lambda _: Answer(status, b"")
    assert register(tmp_path) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert "rahasia" not in line


def test_without_a_registry_it_says_where_to_name_one(tmp_path: Path, capsys: Captured) -> None:
    assert register(tmp_path) == 2
    assert "JEJAK_REGISTRY_URL" in capsys.readouterr().err
