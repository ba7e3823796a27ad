"""The commands of agency, analyst and auditor, on a nation that has been played."""

import io
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from jejak_consumers.subscriber import Subscriber
from tests import services
from tests.e2e.conftest import Jejak, Played

SITI = "199104122015032003"  # the main person of talent-academy; moved from 2060 to 4012
STRANGER = "198001012005011001"
FRAMEWORK = "https://panrb.example/kompetensi/v1/"
CHANGE = FRAMEWORK + "M.07"  # managing change
DAY = "2026-11-24"  # the nation's own today


def profile(jejak: Jejak, *words: str) -> Any:
    said = jejak("profile", SITI, "--json", *words)
    assert (said.code, said.err) == (0, "")
    return said.document()


# -- profile ------------------------------------------------------------------------------


def test_a_profile_holds_levels_certificates_and_programmes(jejak: Jejak) -> None:
    found = profile(jejak, "--as-of", DAY)
    assert found["levels"][CHANGE] == {"asserted": 2, "indicated": 4, "disputed": False}
    assert [one["number"] for one in found["profile"]["certificates"]] == ["LAN/TA/2026/0001"]
    (programme,) = found["profile"]["programmes"]
    assert (programme["programme"], programme["states"][-1]["state"]) == (
        "talent-academy",
        "completed",
    )


def test_a_person_can_be_named_without_a_nip_in_the_shells_history(
    jejak: Jejak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_nip = jejak("profile", SITI, "--json")
    (tmp_path / "nip.txt").write_text(f"{SITI}\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SITI}\n"))
    assert jejak("profile", f"@{tmp_path / 'nip.txt'}", "--json") == by_nip
    assert jejak("profile", "-", "--json") == by_nip
    assert jejak("profile", by_nip.document()["person_id"], "--json") == by_nip


def test_a_profile_as_of_a_day_holds_what_had_happened_by_then(jejak: Jejak) -> None:
    before, after = profile(jejak, "--as-of", "2026-04-29"), profile(jejak, "--as-of", "2026-04-30")
    assert before["levels"][CHANGE]["indicated"] == 2
    assert after["levels"][CHANGE]["indicated"] == 3
    assert before["digest"] == after["digest"]


def test_a_profile_known_at_a_day_holds_what_was_recorded_by_then(jejak: Jejak) -> None:
    nothing = jejak("profile", SITI, "--known-at", "2020-01-01")
    assert nothing.code == 1
    assert "nothing was recorded by the end of 2020-01-01" in nothing.err
    everything = profile(jejak, "--known-at", "9999-12-31")
    assert everything["digest"] == profile(jejak)["digest"]


@pytest.mark.parametrize(
    ("lang", "spoken"), [("id", "Mengelola perubahan"), ("en", "Managing change")]
)
def test_a_profile_for_people_names_competencies_in_their_language(
    jejak: Jejak, lang: str, spoken: str
) -> None:
    said = jejak("profile", SITI, "--lang", lang)
    assert said.code == 0
    assert spoken in said.out
    assert "LAN/TA/2026/0001" in said.out
    assert SITI not in said.out


# -- explain ------------------------------------------------------------------------------


def test_an_explanation_names_the_records_that_count_and_those_that_do_not(
    jejak: Jejak, played: Played
) -> None:
    found = jejak("explain", SITI, CHANGE, "--as-of", DAY, "--json").document()
    assert (found["indicated"], found["asserted"]["level"]) == (4, 2)
    assert sum(one["counted"] for one in found["counts"]) == found["reached"]["reached"]
    assert {one["reason"] for one in found["counts_not"]} >= {"level-too-low"}
    named = [one["statement"] for one in (*found["counts"], *found["counts_not"])]
    with closing(played.connect("jejak_reader")) as connection:
        owners = connection.execute(
            "SELECT DISTINCT person_id::text FROM record WHERE statement_id = ANY(%s::uuid[])",
            [named],
        ).fetchall()
    assert owners == [(profile(jejak)["person_id"],)]


def test_a_competency_is_meant_by_its_code_or_its_iri(jejak: Jejak) -> None:
    by_iri = jejak("explain", SITI, CHANGE, "--json")
    assert by_iri.code == 0
    assert jejak("explain", SITI, "m.07", "--json") == by_iri


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("id", ["Mengelola perubahan", "Yang dihitung", "Yang tidak dihitung"]),
        ("en", ["Managing change", "What counts", "What does not count"]),
    ],
)
def test_an_explanation_is_given_in_words(jejak: Jejak, lang: str, words: list[str]) -> None:
    said = jejak("explain", SITI, "M.07", "--lang", lang)
    assert said.code == 0
    assert [word for word in words if word not in said.out] == []


# -- replay, books, quarantine ------------------------------------------------------------


def test_replay_gives_the_stored_profile_again(jejak: Jejak) -> None:
    said = jejak("replay", "--person", SITI, "--compare", "--json")
    found = said.document()
    assert (said.code, found["equal"]) == (0, True)
    assert found["digest"] == found["stored_digest"] == profile(jejak)["digest"]
    assert found["profile"] == profile(jejak)["profile"]


@contextmanager
def tampered(played: Played, person_id: str, change: str) -> Iterator[None]:
    """A profile that somebody who broke into the database has altered."""
    with closing(played.connect_superuser()) as superuser:
        before = superuser.execute(
            "SELECT document, digest FROM profile WHERE person_id = %s", [person_id]
        ).fetchone()
        superuser.execute(f"UPDATE profile SET {change} WHERE person_id = %s", [person_id])
        try:
            yield
        finally:
            superuser.execute(
                "UPDATE profile SET document = %s, digest = %s WHERE person_id = %s",
                [*(before or ()), person_id],
            )


@pytest.mark.parametrize(
    "change",
    [
        """document = replace(document, '"level":4', '"level":5')""",
        "digest = repeat('0', 64)",
    ],
    ids=["the document", "the digest"],
)
def test_replay_tells_a_profile_that_was_altered(jejak: Jejak, played: Played, change: str) -> None:
    with tampered(played, profile(jejak)["person_id"], change):
        said = jejak("replay", "--person", SITI, "--compare", "--json")
        assert (said.code, said.document()["equal"]) == (1, False)
        assert "DIFFERS" in said.err
    assert jejak("replay", "--person", SITI, "--compare").code == 0


def test_the_books_of_every_inbox_balance(jejak: Jejak, played: Played) -> None:
    said = jejak("audit", "check", "--books", "--json")
    found = said.document()
    assert (said.code, found["balanced"]) == (0, True)
    kinds = ("recorded", "duplicates", "conflicts", "refused")
    assert all(one["delivered"] == sum(one[kind] for kind in kinds) for one in found["partitions"])
    assert sum(one["delivered"] for one in found["partitions"]) >= played.told.delivered
    assert "the books balance" in jejak("audit", "check", "--books").out


def test_a_played_nation_is_sound(jejak: Jejak) -> None:
    said = jejak("audit", "check", "--json")
    found = said.document()
    assert (said.code, found["sound"], found["differences"]) == (0, True, [])
    assert found["records"] > 1_000
    assert "nothing is altered, missing or invented" in jejak("audit", "check").out


def test_a_record_that_was_altered_is_named_first(jejak: Jejak, played: Played) -> None:
    with closing(played.connect_superuser()) as superuser:
        superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
        changed = "UPDATE record_p0 SET party = %s WHERE position = 100"
        before = superuser.execute("SELECT party FROM record WHERE position = 100").fetchall()
        superuser.execute(changed, ["bkn"])
        superuser.execute("ALTER TABLE record_p0 ENABLE ALWAYS TRIGGER append_only")
        try:
            said = jejak("audit", "check", "--json")
            assert (said.code, said.document()["sound"]) == (1, False)
            assert said.document()["differences"][0]["where"] == "record 100"
            assert jejak("audit", "check").out.splitlines()[1].startswith("record 100: ")
        finally:
            superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
            superuser.execute(changed, before[0])
            superuser.execute("ALTER TABLE record_p0 ENABLE ALWAYS TRIGGER append_only")
    assert jejak("audit", "check").code == 0


def test_quarantine_lists_what_was_not_taken_without_its_content(
    jejak: Jejak, played: Played
) -> None:
    everything = jejak("quarantine", "list", "--json").document()
    assert len(everything) >= sum(played.quarantined.values())
    impossible = jejak("quarantine", "list", "--reason", "nip-impossible", "--json").document()
    assert impossible == [one for one in everything if one["reason"] == "nip-impossible"]
    assert len(impossible) >= played.quarantined["waiting", "nip-impossible"]
    party = impossible[0]["party"]
    own = jejak("quarantine", "list", "--party", party, "--json").document()
    assert {one["party"] for one in own} == {party}
    assert "nip-impossible" in jejak("quarantine", "list").out


# -- the agency ---------------------------------------------------------------------------


def test_watching_from_the_start_gives_every_change_once_and_then_goes_on(
    jejak: Jejak, played: Played, tmp_path: Path
) -> None:
    said = jejak("watch", "--identity", "4012", "--from-start", "--json", "--idle", "1")
    credentials = played.stage.home.credentials_file("4012")
    kept = list(Subscriber(credentials, tmp_path / "unused").kept_changes())
    assert said.code == 0
    assert [one["seq"] for one in said.lines()] == [one.seq for one in kept]
    assert [one["seq"] for one in said.lines()] == list(range(1, len(kept) + 1))
    again = jejak("watch", "--identity", "4012", "--json", "--idle", "0.5")
    assert (again.code, again.out) == (0, "")


def test_watching_with_a_roster_names_the_agencys_own_people(jejak: Jejak, tmp_path: Path) -> None:
    roster = tmp_path / "pegawai.csv"
    roster.write_text(f"nama,nip\nSiti,{SITI}\n")
    words = ("watch", "--identity", "2060", "--from-start", "--idle", "1", "--roster", str(roster))
    named = [one for one in jejak(*words, "--json").lines() if one["nip"] == SITI]
    assert [one["event"] for one in named] == ["PersonJoined", "PersonLeft"]
    shown = jejak(*words, "--lang", "en").out
    assert SITI in shown
    assert "left the agency for 4012" in shown


def test_a_roster_is_told_who_is_matched_unknown_or_elsewhere(jejak: Jejak, tmp_path: Path) -> None:
    roster = tmp_path / "pegawai.csv"
    roster.write_text(f"nip\n{SITI}\n{STRANGER}\n")
    now = jejak("roster", "check", str(roster), "--identity", "4012", "--json")
    before = jejak("roster", "check", str(roster), "--identity", "2060", "--json")
    assert [one["standing"] for one in now.document()["people"]] == ["matched", "unknown"]
    assert [one["standing"] for one in before.document()["people"]] == ["elsewhere", "unknown"]
    assert (now.code, before.code) == (1, 1)
    roster.write_text(f"nip\n{SITI}\n")
    assert jejak("roster", "check", str(roster), "--identity", "4012").code == 0


# -- the operator -------------------------------------------------------------------------


def test_status_says_that_all_is_up_and_nothing_lags(jejak: Jejak) -> None:
    said = jejak("status", "--json")
    assert said.code == 0
    found = said.document()
    assert found["up"] is (None if services.in_containers() else True)  # None: others run them
    assert {one["lag"] for one in found["inboxes"]} == {0}


def test_times_in_json_are_rfc_3339(jejak: Jejak) -> None:
    (row, *_) = jejak("quarantine", "list", "--limit", "1", "--json").document()
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["stored"])


def test_what_looks_like_markup_is_shown_as_it_is(
    jejak: Jejak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JEJAK_CACHE", "/srv/[/red]")
    said = jejak("settings")
    assert (said.code, said.err) == (0, "")
    assert "/srv/[/red]" in said.out


def test_a_demo_on_services_of_others_wants_a_ledger_without_records(jejak: Jejak) -> None:
    said = jejak("demo", "--external")
    assert (said.code, said.out) == (1, "")
    assert "holds records already" in said.err
