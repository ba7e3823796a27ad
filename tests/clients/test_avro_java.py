"""Avro's own Java, asked anew: the verdicts kept as data, and the forms of all our schemas.

Opt-in (`make test-avro-java`): needs a JDK 17 and Maven, which fetches Avro's jar.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fastavro.schema import to_parsing_canonical_form

from jejak_schemas import avro

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data/avro-compatibility"
POM = ROOT / "tests/clients/avro-verdicts/pom.xml"

pytestmark = pytest.mark.skipif(shutil.which("mvn") is None, reason="there is no Maven here")


def java(what: str, of: Path, out: Path) -> list[dict[str, Any]]:
    """What tests/clients/avro-verdicts answers."""
    asked = f"-Dexec.args={what} {of} {out}"
    subprocess.run(["mvn", "-q", "-B", "-f", str(POM), "compile", "exec:java", asked], check=True)
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def kept(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def test_the_verdicts_kept_are_those_of_java(tmp_path: Path) -> None:
    assert java("compatibility", DATA / "cases.json", tmp_path / "out") == kept("verdicts.jsonl")


def test_the_forms_kept_are_those_of_java(tmp_path: Path) -> None:
    assert java("forms", DATA / "forms", tmp_path / "out") == kept("forms.jsonl")


def test_java_reads_every_schema_of_ours_and_gives_it_the_same_fingerprint(tmp_path: Path) -> None:
    for name in avro.released():
        for schema in avro.versions(name):
            file = tmp_path / avro.file_name(name, schema.version)
            file.write_text(avro.released_text(name, schema.version), "utf-8")
    told = java("forms", tmp_path, tmp_path / "out")
    assert len(told) == len(avro.by_header())
    for one in told:
        plain = json.loads((tmp_path / one["file"]).read_text("utf-8"))
        assert to_parsing_canonical_form(plain) == one["form"]
        assert bytes.fromhex("c301" + one["crc"]) in avro.by_header()
