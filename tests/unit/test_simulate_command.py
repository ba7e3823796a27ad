"""`jejak simulate`: the nation as files of rows that `jejak emit` and `jejak validate` read."""

import json
from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from jejak.cli import simulate
from jejak.errors import Misuse
from jejak_producers import bulk, rows
from jejak_producers.simulate import dirt, nation, samples

FEW = ("--events", "200", "--seed", "9")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    simulate.register(app)
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    run(*FEW, "--out", str(one))
    run(*FEW, "--out", str(other))
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 100_000


def test_stdout_holds_rows_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "same.jsonl"
    run(*FEW, "--out", str(file))
    assert run(*FEW).stdout == file.read_text("utf-8")


def test_the_answer_counts_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "nation.jsonl"
    answer = json.loads(run(*FEW, "--out", str(file), "--json").stdout)
    lines = file.read_text("utf-8").splitlines()
    assert answer["written"] == len(lines)
    assert (
        answer["written"] + sum(answer["without_a_line"].values())
        == (answer["manifest"]["delivered"])
    )
    assert set(answer["without_a_line"]) <= set(dirt.KINDS)


def test_a_folder_gets_one_file_a_party(tmp_path: Path) -> None:
    folder = tmp_path / "parties"
    answer = json.loads(run(*FEW, "--out", f"{folder}/", "--json").stdout)
    files = {file.stem: file.read_text("utf-8").splitlines() for file in folder.iterdir()}
    assert {party: len(lines) for party, lines in files.items()} == answer["by_party"]
    assert {json.loads(line)["party"] for line in files["bkn"]} == {"bkn"}


def test_one_identity_writes_its_own_rows_only(tmp_path: Path) -> None:
    folder = tmp_path / "parties"
    run(*FEW, "--out", f"{folder}/")
    assert run(*FEW, "--identity", "lan").stdout == (folder / "lan.jsonl").read_text("utf-8")


def test_validate_refuses_the_planted_rows_and_no_others(tmp_path: Path) -> None:
    file = tmp_path / "nation.jsonl"
    run(*FEW, "--out", str(file))
    with rows.open_rows(file) as lines:
        refused = Counter(one.reason for one in bulk.check(lines) if one.outcome == "refused")
    planted = nation(9, events=200, documents=simulate.ruleset).manifest.planted
    assert refused == {
        "nip-impossible": planted["bad-nip"],
        "personal-data-in-text": planted["nip-in-text"],
        "nul-character": planted["nul-character"],
        "occurred-in-future": planted["future-date"],
    }


def test_the_ruleset_that_is_published_is_the_one_that_ships() -> None:
    (event,) = samples.events(samples.nation_file("rulesets.jsonl"), simulate.ruleset)
    assert 'version = "2026.1"' in event.document  # type: ignore[attr-defined]
    with pytest.raises(LookupError, match="1999"):
        simulate.ruleset("1999.1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--identity", "nobody"), "no party nobody"),
        (("--events", "5"), "at least 100"),
        (("--until", "2020-01-01"), "reference date"),
        (("--json",), "--out"),
    ],
    ids=["identity", "events", "until", "json"],
)
def test_wrong_use_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(Misuse, match=said):
        run(*arguments)


def test_a_rate_is_kept() -> None:
    waits: list[float] = []
    clock = iter(range(100))
    deliveries = nation(9, events=100, documents=simulate.ruleset).deliveries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate.time, "sleep", waits.append)
        patch.setattr(simulate.time, "monotonic", lambda: next(clock) * 0.0)
        for _, _ in zip(range(4), simulate._paced(deliveries, 2.0), strict=False):
            pass
    assert waits[:4] == [0.0, 0.5, 1.0, 1.5]
