"""What was not taken, in an operator's hands: seen without numbers, redriven, discarded."""

import csv
import io
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import Jejak, Played
from tests.e2e.test_emitting import BUDI

SENDER = "map-ugm"
PROVIDER = "sbm-itb"  # which no other test lets SENDER speak for
ACTIVITY = "https://map-ugm.example/k/1"
NOW = datetime.now(UTC)


def emitted(jejak: Jejak, folder: Path, **event: Any) -> dict[str, Any]:
    """Send one event as its party; what became of it."""
    file = folder / f"{uuid4()}.jsonl"
    file.write_text(json.dumps({"occurred_at": NOW.isoformat(), **event}) + "\n")
    [told] = jejak("emit", str(file), "--identity", event["party"], "--json").lines()
    return dict(told)


def refusal(jejak: Jejak, folder: Path, provider: str) -> dict[str, Any]:
    """The message in quarantine of an event that SENDER may not say for a provider, yet."""
    told = emitted(
        jejak, folder, event="CourseCompleted", party=SENDER, on_behalf_of=provider,
        learner={"nip": BUDI}, activity={"id": ACTIVITY, "name": {"id": "Kursus"}},
    )  # fmt: skip
    assert told["reason"] == "on-behalf-not-granted"
    return held(jejak, told["event_id"])


def held(jejak: Jejak, event_id: str) -> dict[str, Any]:
    words = ("quarantine", "list", "--status", "any", "--limit", "10000", "--json")
    listed = jejak(*words).document()
    [found] = [one for one in listed if one["event_id"] == event_id]
    return dict(found)


@pytest.fixture
def refused(jejak: Jejak, tmp_path: Path) -> dict[str, Any]:
    return refusal(jejak, tmp_path, "fia-ui")


def test_a_list_is_filtered_and_written_for_a_spreadsheet(
    jejak: Jejak, refused: dict[str, Any]
) -> None:
    words = ("quarantine", "list", "--party", SENDER, "--since", NOW.isoformat())
    reason = ("--reason", "on-behalf-not-granted")
    found = jejak(*words, *reason, "--json").document()
    table = list(csv.DictReader(io.StringIO(jejak(*words, *reason, "--format", "csv").out)))
    assert refused["event_id"] in {one["event_id"] for one in found}
    assert [one["number"] for one in table] == [str(one["number"]) for one in found]
    assert jejak(*words, "--status", "discarded", "--json").document() == []


def test_one_message_is_shown_whole_but_for_numbers_of_persons(
    jejak: Jejak, played: Played, refused: dict[str, Any]
) -> None:
    number = str(refused["number"])
    said = jejak("quarantine", "show", number, "--json")
    assert said.code == 0
    assert BUDI not in said.out
    found = said.document()
    assert (found["schema"], found["fault"]) == ("CourseCompleted", None)
    assert found["fields"]["activity"]["id"] == ACTIVITY
    assert len(found["hex"]) == -(-found["bytes"] // 16)
    shown = jejak("quarantine", "show", number)
    assert (shown.code, BUDI in shown.out) == (0, False)
    with closing(played.connect("jejak_auditor")) as connection:
        looks = connection.execute("SELECT count(*) FROM access WHERE what = %s", [
            f"quarantine {number}"]).fetchone()  # fmt: skip
    assert looks == (0,)


def test_numbers_are_shown_for_a_purpose_that_is_kept_with_the_name_of_who_looked(
    jejak: Jejak, played: Played, refused: dict[str, Any]
) -> None:
    number = str(refused["number"])
    words = ("quarantine", "show", number, "--json")
    for lacking in (("--reveal",), ("--purpose", "pengaduan 12"), ("--reveal", "--purpose", " ")):
        assert jejak(*words, *lacking).code == 2
    assert jejak(*words, "--reveal", "--purpose", f"tentang {BUDI}").code == 2
    said = jejak(*words, "--reveal", "--purpose", "pengaduan 12")
    assert said.document()["fields"]["learner"]["nip"] == BUDI
    with closing(played.connect("jejak_auditor")) as connection:
        looks = connection.execute(
            "SELECT purpose, who <> '' FROM access WHERE what = %s", [f"quarantine {number}"]
        ).fetchall()
    assert looks == [("pengaduan 12", True)]


def test_what_is_mended_is_redriven_and_its_party_told_again(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    first = refusal(jejak, tmp_path, PROVIDER)
    number, event_id = str(first["number"]), first["event_id"]
    early = jejak("quarantine", "redrive", number, "--yes", "--json")
    assert (early.code, early.document()[0]["reason"]) == (1, "on-behalf-not-granted")
    assert held(jejak, event_id)["again"] == "on-behalf-not-granted"
    granted = emitted(
        jejak, tmp_path, event="ProviderAccredited", party="lan", provider=PROVIDER,
        valid_from=(NOW - timedelta(days=30)).date().isoformat(), technical_senders=[SENDER],
    )  # fmt: skip
    assert granted["outcome"] == "recorded"
    foreseen = jejak("quarantine", "redrive", number, "--dry-run", "--json")
    assert (foreseen.code, foreseen.document()[0]["outcome"]) == (0, "recorded")
    assert held(jejak, event_id)["status"] == "waiting"

    said = jejak("quarantine", "redrive", number, "--yes", "--rate", "5", "--json")

    [verdict] = said.document()
    assert (said.code, verdict["outcome"]) == (0, "recorded")
    assert held(jejak, event_id)["status"] == "redriven"
    played.catch_up()
    receipts = jejak("receipts", "--identity", SENDER, "--since", NOW.isoformat(), "--json").lines()
    told = [one for one in receipts if one["event_id"] == event_id]
    assert [one["outcome"] for one in told] == ["refused", "recorded"]
    assert {(one["partition"], one["offset"]) for one in told} == {
        (told[0]["partition"], told[0]["offset"])
    }
    assert told[1]["position"] == verdict["position"]
    again = jejak("quarantine", "redrive", number, "--yes")
    assert (again.code, "not waiting in quarantine" in again.err) == (1, True)
    assert jejak("audit", "check", "--books").code == 0
    steps = jejak("quarantine", "show", number, "--json").document()["steps"]
    assert [step["act"] for step in steps] == ["refused", "redriven"]


def test_a_redrive_asks_first(
    jejak: Jejak, refused: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str(refused["number"])
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = jejak("quarantine", "redrive", number)
    assert (said.code, said.out.strip()) == (130, "")
    assert "1 message, 1 would be" in said.err
    assert held(jejak, refused["event_id"])["status"] == "waiting"


def test_what_nobody_needs_is_discarded_with_a_reason(
    jejak: Jejak, refused: dict[str, Any]
) -> None:
    number = str(refused["number"])
    assert jejak("quarantine", "discard", number, "--yes").code == 2
    assert jejak("quarantine", "discard", "--reason", "all of it", "--yes").code == 2
    said = jejak("quarantine", "discard", number, "--reason", "sent by mistake", "--yes", "--json")
    assert json.loads(said.out) == {"discarded": [int(number)]}
    assert held(jejak, refused["event_id"])["status"] == "discarded"
    again = jejak("quarantine", "discard", number, "--reason", "again", "--yes")
    assert (again.code, "not waiting" in again.err) == (1, True)
