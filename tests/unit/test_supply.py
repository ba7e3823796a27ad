"""What Jejak is made of: all of it pinned, and named with a licence."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from jejak.embedded.jars import locked
from requirements import sbom

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(sbom.document(sbom.parts())))


def test_the_bill_of_materials_is_valid_cyclonedx(document: dict[str, Any]) -> None:
    judge = JsonStrictValidator(SchemaVersion.V1_6)
    assert judge.validate_str(json.dumps(document)) is None
    assert judge.validate_str(json.dumps({**document, "version": "one"})) is not None


def test_it_names_every_pinned_package_and_every_jar(document: dict[str, Any]) -> None:
    pinned = re.findall(r"^([\w.-]+==[^ ]+) ", sbom.RUN.read_text("utf-8"), re.MULTILINE)
    wanted = {f"pkg:pypi/{one.replace('==', '@')}" for one in pinned}
    wanted |= {f"pkg:maven/{jar.group}/{jar.artifact}@{jar.version}" for jar in locked()}
    found = {part["purl"]: part for part in document["components"]}
    assert found.keys() == wanted
    assert [url for url, part in found.items() if not part["hashes"]] == []


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("run", ["server", "embedded", "build"]),
        ("server", ["server", "otel", "registry"]),
        ("dev", ["server", "embedded", "registry", "parquet", "otel", "build", "dev"]),
    ],
)
def test_each_lock_file_pins_all_that_its_extras_ask_for(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"]]
    asked += [one for extra in extras for one in project["optional-dependencies"][extra]]
    pinned = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
    names = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", pinned, re.MULTILINE))
    wanted = {re.split(r"[\[>=<]", one)[0] for one in asked}
    assert wanted - names == set(), "run `make lock`"


def test_the_same_tree_gives_the_same_bytes() -> None:
    assert sbom.document(sbom.parts()) == sbom.document(sbom.parts())


def test_a_licence_that_nobody_knows_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "_PINNED", re.compile("^(rich)==()()", re.MULTILINE))
    with pytest.raises(KeyError, match="rich is not known: add it to"):
        list(sbom._packages({}))


def test_the_page_of_licences_is_what_the_lock_files_say() -> None:
    assert sbom.PAGE.read_text("utf-8") == sbom.page(sbom.parts()), "run `make sbom`"
