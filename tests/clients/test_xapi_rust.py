"""Somebody else's xAPI 2.0, the Rust crate xapi-data, asked about our statements and our rules.

Opt-in (`make test-xapi-rust`): needs Cargo, which fetches the crate and some hundred others.
It knows most single rules, few between members, and is wrong on one: it demands that `raw` be
below `max`, in 32-bit numbers, where the standard lets them be equal.
"""

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from uuid_utils.compat import uuid7

from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import Event
from jejak_schemas.resolve import Resolved, references, resolve
from jejak_schemas.statement import to_statement
from tests.events import any_event
from tests.unit.test_xapi import BAD, BASES, changed

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests/clients/xapi-verdicts/Cargo.toml"

pytestmark = pytest.mark.skipif(shutil.which("cargo") is None, reason="there is no Cargo here")


def verdicts(statements: list[Any]) -> list[str]:
    asked = "".join(json.dumps(statement) + "\n" for statement in statements)
    told = subprocess.run(
        ["cargo", "run", "--quiet", "--release", "--manifest-path", str(PROGRAM),
         "--target-dir", str(ROOT / "build/xapi-verdicts")],
        input=asked, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.splitlines()


def test_every_class_of_ours_is_xapi_to_it() -> None:
    made = [(entry.name, said) for entry in CATALOGUE for said in stated(entry.event)]
    asked = [(name, statement) for name, statement in made if not _at_its_max(statement)]
    told = verdicts([statement for _, statement in asked])
    refused = [(name, why) for (name, _), why in zip(asked, told, strict=True) if why != "ok"]
    assert refused == []
    assert {name for name, _ in asked} == {entry.name for entry in CATALOGUE}


def stated(model: type[Event]) -> list[dict[str, Any]]:
    """Some statements of one class."""
    made: list[dict[str, Any]] = []

    @settings(
        max_examples=20,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(any_event(model))
    def keep(event: Event) -> None:
        people = {ref: Resolved(uuid7(), "ab" * 32) for ref in references(event)}
        made.append(to_statement(resolve(event, people)))

    keep()
    return made


def _at_its_max(statement: dict[str, Any]) -> bool:
    score = statement.get("result", {}).get("score", {})
    raw, most = score.get("raw"), score.get("max")
    return raw is not None and most is not None and _single(raw) >= _single(most)


def _single(number: float) -> float:
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded


def test_it_finds_our_good_statements_good_and_nearly_all_bad_ones_bad() -> None:
    assert verdicts(list(BASES.values())) == ["ok"] * len(BASES)
    passed = [
        row
        for row, verdict in zip(BAD, verdicts([changed(row) for row in BAD]), strict=True)
        if verdict == "ok"
    ]
    assert len(passed) <= 27, passed
