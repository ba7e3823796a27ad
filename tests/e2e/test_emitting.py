"""The provider's commands, on a nation that has been played: check, send, read, withdraw."""

import io
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from jejak.cli.asking import today
from tests.e2e.conftest import Jejak, Played

BUDI = "198811032012121001"  # of the nation's cast
COLLABORATION = "https://panrb.example/kompetensi/v1/M.02"
COLUMNS = "event,party,occurred_at,learner.nip,activity.id,activity.name.id,jp_claimed"


def course(**fields: Any) -> dict[str, Any]:
    said = {
        "event": "CourseCompleted",
        "party": "fia-ui",
        "occurred_at": "2026-11-20T02:00:00Z",
        "learner": {"nip": BUDI},
        "activity": {"id": f"https://fia-ui.example/{uuid4()}", "name": {"id": "Kursus"}},
    }
    return said | fields


def assessed(**fields: Any) -> dict[str, Any]:
    said = {
        "event": "CompetencyAssessed",
        "event_id": str(uuid7()),
        "party": "puspenkom-bkn",
        "occurred_at": "2026-11-20T02:00:00Z",
        "learner": {"nip": BUDI},
        "competency": COLLABORATION,
        "level": 5,
        "method": "assessment-center",
        "assessor": {"nip": "197911112005022001"},
    }
    return said | fields


def written(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def head(played: Played) -> int:
    with closing(played.connect("jejak_reader")) as connection:
        found = connection.execute("SELECT next_position FROM ledger_head").fetchone()
    return int(found[0]) if found else 0


# -- validate -----------------------------------------------------------------------------


def test_a_good_file_is_valid_and_nothing_is_sent(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    before = head(played)
    file = written(tmp_path / "courses.jsonl", course(), course())
    said = jejak("validate", file, "--json")
    assert (said.code, [one["outcome"] for one in said.lines()]) == (0, ["valid", "valid"])
    assert jejak("emit", file, "--identity", "fia-ui", "--dry-run").code == 0
    assert jejak("validate", file, "--identity", "fia-ui").code == 0
    assert head(played) == before


def test_what_a_party_may_not_say_is_told_before_it_is_sent(jejak: Jejak, tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", assessed(), assessed(party="fia-ui"))
    said = jejak("validate", file, "--identity", "fia-ui", "--json")
    assert said.code == 1
    assert [one["reason"] for one in said.lines()] == ["wrong-party", "role-not-allowed"]


def test_a_field_that_the_contract_does_not_have_is_refused(jejak: Jejak, tmp_path: Path) -> None:
    file = written(tmp_path / "rows.jsonl", course(**{"[/kursus]": 1}))  # and is no markup either
    said = jejak("validate", file)
    assert (said.code, said.err) == (1, "")
    assert "unknown-field" in said.out


# -- emit ---------------------------------------------------------------------------------


def test_a_file_is_recorded_and_the_same_command_again_records_nothing_more(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    file = written(tmp_path / "courses.jsonl", course(), course(), course())
    first = jejak("emit", file, "--identity", "fia-ui", "--json")
    assert (first.code, first.err) == (0, "")
    assert {one["outcome"] for one in first.lines()} == {"recorded"}
    after = head(played)
    assert jejak("emit", file, "--identity", "fia-ui", "--json") == first
    assert head(played) == after


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_spreadsheet_is_recorded(jejak: Jejak, tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "kursus.csv"
    row = f"CourseCompleted,fia-ui,2026-11-20T09:00:00+07:00,{BUDI},https://f.example/k,Kursus,800"
    file.write_text(f"{COLUMNS}\n{row}\n".replace(",", delimiter))
    said = jejak("emit", str(file), "--identity", "fia-ui")
    assert said.code == 0
    assert "1 line: 1 recorded" in said.out
    assert BUDI not in said.out


def test_standard_input_is_recorded(
    jejak: Jejak, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.BytesIO((json.dumps(course()) + "\n").encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(lines))
    path = str(played.stage.home.credentials_file("fia-ui"))
    said = jejak("emit", "-", "--identity", path, "--json")
    assert (said.code, [one["outcome"] for one in said.lines()]) == (0, ["recorded"])


def test_a_bad_row_is_told_by_line_field_and_reason_and_stops_no_other(
    jejak: Jejak, tmp_path: Path
) -> None:
    file = written(tmp_path / "courses.jsonl", course(), course(jp_claimed=-5), course())
    said = jejak("emit", file, "--identity", "fia-ui", "--json")
    assert said.code == 1
    assert [(one["line"], one["outcome"], one["field"], one["reason"]) for one in said.lines()] == [
        (1, "recorded", None, None),
        (2, "refused", "jp_claimed", "out-of-range"),
        (3, "recorded", None, None),
    ]
    shown = jejak("emit", file, "--identity", "fia-ui", "--lang", "id")
    assert shown.code == 1
    assert "3 lines: 2 recorded, 1 refused" in shown.out
    (row,) = [line for line in shown.out.splitlines() if "jp_claimed" in line]
    assert [cell.strip() for cell in row.split("│")][1:4] == ["2", "CourseCompleted", "refused"]
    assert "out-of-range" in row


def test_what_the_ledger_refuses_is_told_and_kept_in_quarantine(
    jejak: Jejak, tmp_path: Path
) -> None:
    file = written(tmp_path / "rows.jsonl", assessed(party="fia-ui"))
    said = jejak("emit", file, "--identity", "fia-ui", "--json")
    (told,) = said.lines()
    assert (said.code, told["outcome"], told["reason"], told["field"]) == (
        1, "refused", "role-not-allowed", "party",
    )  # fmt: skip
    kept = jejak("quarantine", "list", "--party", "fia-ui", "--json").document()
    at = [(one["partition"], one["offset"]) for one in kept if one["reason"] == told["reason"]]
    assert (told["partition"], told["offset"]) in at


# -- receipts -----------------------------------------------------------------------------


def test_receipts_that_came_are_shown_once_and_a_filter_hides_none_of_them(
    jejak: Jejak, tmp_path: Path
) -> None:
    party = "map-ugm"
    assert jejak("receipts", "--identity", party).code == 0
    began = datetime.now(UTC).isoformat()
    good = course(party=party)
    rows = (good, good, assessed(party=party))  # the second is fixed to an id of its own
    jejak("emit", written(tmp_path / "rows.jsonl", *rows), "--identity", party)

    refused = jejak("receipts", "--identity", party, "--refused", "--json").lines()
    everything = jejak("receipts", "--identity", party, "--json").lines()
    again = jejak("receipts", "--identity", party, "--json")
    since = jejak("receipts", "--identity", party, "--since", began, "--json").lines()
    assert [one["reason"] for one in refused] == ["role-not-allowed"]
    assert [one["outcome"] for one in everything].count("recorded") == 2
    assert len(everything) == 3
    assert since == everything
    assert (again.code, again.out) == (0, "")


# -- void ---------------------------------------------------------------------------------


def test_a_withdrawn_event_counts_no_more(jejak: Jejak, played: Played, tmp_path: Path) -> None:
    def asserted() -> int | None:
        played.catch_up()
        found = jejak("profile", BUDI, "--as-of", "2026-11-21", "--json").document()
        level: int | None = found["levels"].get(COLLABORATION, {}).get("asserted")
        return level

    before, event = asserted(), assessed()
    file = written(tmp_path / "rows.jsonl", event)
    assert jejak("emit", file, "--identity", "puspenkom-bkn").code == 0
    assert (before, asserted()) == (None, 5)

    words = ("void", event["event_id"], "--identity", "puspenkom-bkn", "--reason", "wrong-person")
    said = jejak(*words, "--json")
    assert (said.code, said.document()["outcome"]) == (0, "recorded")
    assert asserted() is None
    told = jejak("explain", BUDI, "M.02", "--as-of", "2026-11-21", "--json").document()
    not_counted = {one["statement"]: one["reason"] for one in told["counts_not"]}
    assert not_counted[event["event_id"]] == "voided"
    assert jejak("replay", "--person", BUDI, "--compare").code == 0


def test_an_event_of_somebody_else_is_not_withdrawn(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    event = assessed()
    file = written(tmp_path / "rows.jsonl", event)
    assert jejak("emit", file, "--identity", "puspenkom-bkn").code == 0
    words = ("void", event["event_id"], "--identity", "fia-ui", "--reason", "not-ours")
    said = jejak(*words, "--json")
    assert (said.code, said.document()["outcome"]) == (
        0,
        "recorded",
    )  # kept, and judged in the fold
    played.catch_up()
    told = jejak("explain", BUDI, "M.02", "--as-of", "2026-11-21", "--json").document()
    assert event["event_id"] not in {one["statement"] for one in told["counts_not"]}
    assert (
        jejak("void", event["event_id"], "--identity", "puspenkom-bkn", "--reason", "test").code
        == 0
    )


def test_a_withdrawal_of_what_is_not_there_is_recorded_and_warns(jejak: Jejak) -> None:
    said = jejak("void", str(uuid7()), "--identity", "fia-ui", "--reason", "entered-twice")
    assert said.code == 0
    assert "recorded" in said.out
    assert "target-unknown-yet" in said.out
    words = ("void", str(uuid7()), "--identity", "fia-ui", "--reason", "entered-twice")
    assert jejak(*words, "--json").document()["warnings"] == ["target-unknown-yet"]
    assert "belum tiba" in jejak(*words, "--lang", "id").out


# -- on behalf of -------------------------------------------------------------------------


def test_a_technical_sender_speaks_for_those_who_named_it_until_they_are_suspended(
    jejak: Jejak, tmp_path: Path
) -> None:
    sender, provider = "lms-nusantara", "pusdiklat-uji"
    assert jejak("provider", "add", provider).code == 0
    accredited = {
        "event": "ProviderAccredited", "party": "lan", "occurred_at": "2026-11-20T02:00:00Z",
        "provider": provider, "technical_senders": [sender], "valid_from": "2026-01-01",
    }  # fmt: skip
    file = written(tmp_path / "decree.jsonl", accredited)
    assert jejak("emit", file, "--identity", "lan").code == 0

    def spoken_for(name: str, *codes: str) -> list[tuple[str, str | None, str | None]]:
        rows = [course(party=sender, on_behalf_of=code) for code in codes]
        said = jejak("emit", written(tmp_path / name, *rows), "--identity", sender, "--json")
        told = [(one["outcome"], one["reason"], one["field"]) for one in said.lines()]
        assert said.code == any(outcome == "refused" for outcome, *_ in told)
        return told

    refused = ("refused", "on-behalf-not-granted", "on_behalf_of")
    assert spoken_for("a.jsonl", provider, "fia-ui", "tidak-ada") == [
        ("recorded", None, None), refused, refused,
    ]  # fmt: skip
    last = today() + timedelta(days=1)
    for more in (("--until", str(last)), ()):  # said again without an end, what stands still does
        said = jejak("party", "suspend", provider, *more)
        assert (said.code, said.err) == (
            0, f"{provider} may not write: suspended since {today()} until {last}\n",
        )  # fmt: skip
    assert "is suspended" in jejak("provider", "add", provider).err
    parties = jejak("party", "list", "--json").document()
    listed = {one["party"]: (one["suspended_since"], one["suspended_until"]) for one in parties}
    assert (listed[provider], listed[sender]) == ((str(today()), str(last)), (None, None))
    assert f"since {today()}" in jejak("party", "list").out
    assert spoken_for("b.jsonl", provider) == [("refused", "party-suspended", "on_behalf_of")]
