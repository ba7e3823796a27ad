"""The offline join of match references to an agency's own list."""

import hashlib
import hmac
from pathlib import Path

import pytest

from jejak_consumers.errors import BadRoster
from jejak_consumers.roster import Roster, compare, nips_in
from tests.feeds import MATCH_KEY, hours, left, state

SITI, BUDI, AYU = "198503122010012001", "199011052015021003", "197701012000032002"


def ref(nip: str, key: str = MATCH_KEY) -> str:
    """As docs/agency.md states it, without our own code."""
    return hmac.new(bytes.fromhex(key), nip.encode(), hashlib.sha256).hexdigest()


def test_a_change_is_joined_by_any_nip_the_person_ever_had() -> None:
    roster = Roster([SITI, BUDI], MATCH_KEY)
    assert roster.nip_of(hours(1, match_refs=(ref(AYU), ref(SITI)))) == SITI
    assert roster.nip_of(state(1, match_refs=(ref(BUDI),))) == BUDI


def test_somebody_else_is_nobody() -> None:
    roster = Roster([SITI], MATCH_KEY)
    assert roster.nip_of(hours(1, match_refs=(ref(BUDI),))) is None
    assert roster.nip_of(hours(1)) is None


def test_another_agencys_references_cannot_be_joined() -> None:
    assert Roster([SITI], MATCH_KEY).nip_of(hours(1, match_refs=(ref(SITI, "11" * 32),))) is None


def test_a_roster_shows_no_number() -> None:
    roster = Roster([SITI], MATCH_KEY)
    assert SITI not in repr(roster)
    assert SITI not in repr(compare(roster, [], []))


def test_who_is_here_who_left_and_who_was_never_heard_of() -> None:
    roster = Roster([SITI, BUDI, AYU], MATCH_KEY)
    found = compare(
        roster,
        [state(1, match_refs=(ref(SITI),)), state(1, match_refs=("0" * 64,))],
        [left(1, match_refs=(ref(SITI),)), left(2, match_refs=(ref(BUDI),))],
    )
    assert found.standing == {SITI: "matched", BUDI: "elsewhere", AYU: "unknown"}
    assert found.unlisted == 1
    assert found.count("matched") == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{SITI}\n{BUDI}\n",
        f"nama,NIP\nSiti,{SITI}\nBudi,{BUDI}\n",
        f"\ufeffnip;nama\r\n{SITI};Siti\r\n\r\n'{BUDI};Budi\r\n",
        f'nip\n"{SITI}"\n19901105 201502 1 003\n',
    ],
)
def test_a_roster_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text, encoding="utf-8")
    assert nips_in(file) == [SITI, BUDI]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no NIP"),
        ("nip\n", "holds no NIP"),
        (f"nip\n{SITI}\n1.98503E+17\n", "line 3: not a NIP"),
        (f"nip\n{SITI[:-1]}\n", "line 2: not a NIP"),
        ("nip\n198513122010012001\n", "line 2: begins with an impossible birth date"),
    ],
)
def test_a_bad_roster_is_refused_with_its_line_and_without_its_value(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text)
    with pytest.raises(BadRoster, match=says) as refused:
        nips_in(file)
    assert "1985" not in str(refused.value)


def test_a_missing_roster_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="cannot read"):
        nips_in(tmp_path / "none.csv")


@pytest.mark.parametrize("key", ["", "5a", "zz" * 32, b"short"])
def test_a_wrong_match_key_is_refused(key: str | bytes) -> None:
    with pytest.raises(BadRoster, match="match key"):
        Roster([SITI], key)
