"""Bad input on the command line: one clear line on stderr, no traceback, the code of its kind."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jejak import cli
from jejak.home import Endpoints, Home
from tests.e2e.conftest import Jejak, Played

SITI = "199104122015032003"
STRANGER = "198001012005011001"
NOBODY = "01a20b8a-6efc-7534-b4d9-000000000000"
READERS = (
    ("profile", SITI),
    ("explain", SITI, "M.07"),
    ("gaps", "--agency", "4012"),
    ("jp", "--agency", "4012", "--year", "2026"),
    ("replay", "--person", SITI),
    ("quarantine", "list"),
    ("audit", "check"),
    ("status",),
    ("party", "list"),
    ("provider", "add", "baru"),
    ("run", "recorder"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with files that are none of what they should be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    Path("folder").mkdir()
    Path("empty").touch()
    Path("two").write_text(f"{SITI}\n{STRANGER}\n")
    Path("blank").write_text("\n\n")
    Path("header.csv").write_text("event,party\n")
    Path("other.csv").write_text("nama,kursus\nSiti,Analisis\n")
    Path("binary.csv").write_text("event,party\nCourseCompleted,lan\n", "utf-16")
    Path("bytes").write_bytes(b"\xff\xfe\x00")
    Path("none.toml").write_text("this is no TOML at all")
    Path("short.toml").write_text('party = "x"\n')
    Path("good.jsonl").write_text("{}\n")


def emit(file: str, identity: str = "fia-ui") -> tuple[str, ...]:
    return ("emit", file, "--identity", identity)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        # files of events
        (emit("missing.jsonl"), 1, "there is no file missing.jsonl"),
        (emit("folder"), 1, "folder is a directory"),
        (emit("empty"), 1, "empty is empty"),
        (emit("blank"), 1, "blank holds no events"),
        (emit("header.csv"), 1, "header.csv holds no events"),
        (emit("other.csv"), 1, "no column `event`"),
        (emit("binary.csv"), 1, "not UTF-8"),
        (("validate", "missing.jsonl"), 1, "there is no file"),
        (("validate", "folder"), 1, "is a directory"),
        (("validate", "empty"), 1, "is empty"),
        (("validate", "-"), 1, "standard input is empty"),
        # identities
        (emit("good.jsonl", "nobody"), 1, "no credentials of nobody"),
        (emit("good.jsonl", "../fia-ui"), 1, "no credentials of ../fia-ui"),
        (emit("good.jsonl", "missing.toml"), 1, "no credentials file missing.toml"),
        (emit("good.jsonl", "none.toml"), 1, "none.toml is not TOML"),
        (emit("good.jsonl", "short.toml"), 1, "short.toml: kafka"),
        (("emit", "good.jsonl"), 2, "--identity"),
        (("receipts", "--identity", "nobody"), 1, "no credentials of nobody"),
        (("watch", "--identity", "nobody"), 1, "no credentials of nobody"),
        (("watch", "--identity", "lan", "--idle", "1"), 4, "lan is no agency"),
        (("roster", "check", "empty", "--identity", "lan"), 1, "it is no agency"),
        # people
        (("profile", STRANGER), 1, "knows nobody"),
        (("profile", NOBODY), 1, "knows nobody"),
        (("explain", STRANGER, "M.07"), 1, "knows nobody"),
        (("gaps", "--person", STRANGER), 1, "knows nobody"),
        (("replay", "--person", STRANGER, "--compare"), 1, "knows nobody"),
        (("profile", "12345"), 2, "18-digit NIP"),
        (("profile", "@missing"), 1, "cannot read missing"),
        (("profile", "@folder"), 1, "cannot read folder"),
        (("profile", "@bytes"), 1, "not UTF-8"),
        (("profile", "@empty"), 2, "no person given"),
        (("profile", "@two"), 2, "more than one word"),
        (("explain", SITI, STRANGER), 1, "(a number of a person)"),
        (("jp", "--agency", STRANGER, "--year", "2026"), 1, "(a number of a person)"),
        (("profile", SITI, "--known-at", "2001-01-01"), 1, "nothing was recorded by the end of"),
        (("plan", "--agency", "0000"), 1, "nobody has ever worked at 0000"),
        (("profile", "-"), 2, "no person given"),
        (("profile",), 2, "Missing argument"),
        # days, years, codes
        (("profile", SITI, "--as-of", "2026-13-01"), 2, "not a date YYYY-MM-DD"),
        (("profile", SITI, "--known-at", "kemarin"), 2, "not a date YYYY-MM-DD"),
        (("explain", SITI, "M.07", "--as-of", "24/11/2026"), 2, "not a date YYYY-MM-DD"),
        (("replay", "--person", SITI, "--until", "x"), 2, "not a date YYYY-MM-DD"),
        (("receipts", "--identity", "lan", "--since", "kemarin"), 2, "--since kemarin"),
        (("jp", "--agency", "4012", "--year", "99999"), 2, "--year"),
        (("jp", "--agency", "4012", "--year", "0"), 2, "--year"),
        (("jp", "--agency", "0000", "--year", "2026"), 1, "nobody works at 0000"),
        (("gaps", "--agency", "0000"), 1, "nobody works at 0000"),
        (("gaps",), 2, "--agency or --person"),
        (("explain", SITI, "X.99"), 1, "no framework has a competency 'X.99'"),
        (("quarantine", "list", "--limit", "0"), 2, "--limit"),
        (("profile", SITI, "--lang", "xx"), 2, "--lang"),
        (("void", "x", "--identity", "lan", "--reason", "r"), 2, "no event id"),
        (("void", NOBODY, "--identity", "lan", "--reason", "two words"), 1, "reason"),
        # rosters
        (("roster", "check", "missing", "--identity", "4012"), 1, "cannot read missing"),
        (("roster", "check", "folder", "--identity", "4012"), 1, "cannot read folder"),
        (("roster", "check", "empty", "--identity", "4012"), 1, "holds no NIP"),
        (("roster", "check", "other.csv", "--identity", "4012"), 1, "line 1"),
        (("roster", "check", "bytes", "--identity", "4012"), 1, "not UTF-8"),
        # what is up already, what is not there
        (("up",), 1, "is up already"),
        (("party", "suspend", "nobody"), 1, "nobody"),
        (("party", "suspend", "lan", "--reason", "dua kata"), 2, "--reason is not a code"),
        (("party", "suspend", "lan", "--until", "9999-12-31"), 2, "--until lies outside the years"),
        (("party", "suspend", "lan", "--until", "2026-01-01"), 2, "--until lies before"),
        (("quarantine", "list", "--party", "nobody"), 0, "no messages"),
        (("audit", "erase"), 0, "nothing that was ordered is left to be erased"),
        (("party", "add", "baru", "--role", "raja"), 2, "--role"),
        (("nonsense",), 2, "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_it_is_told_in_one_line(jejak: Jejak, words: tuple[str, ...], code: int, told: str) -> None:
    said = jejak(*words)
    assert (said.code, said.out) == (code, "")
    assert said.err.count("\n") == 1
    assert told in said.err
    assert "Traceback" not in said.err
    assert SITI not in said.err
    assert STRANGER not in said.err


def test_half_a_line_is_told_with_its_number(jejak: Jejak) -> None:
    Path("half.jsonl").write_text('{"event": "CourseComp')
    for words in (emit("half.jsonl"), ("validate", "half.jsonl")):
        said = jejak(*words, "--json")
        (line,) = said.lines()
        assert (said.code, said.err) == (1, "")
        assert (line["line"], line["outcome"], line["reason"]) == (1, "refused", "not-json")


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_home_that_is_not_up_ends_with_3(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert cli.run([*words, "--home", "nowhere"], debug=False) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "jejak up" in said.err
    assert not Path("nowhere").exists()


def test_a_home_that_was_up_and_is_down_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "down")
    home.make()
    Endpoints(kafka=1, controller=2, postgres=3).save(home)
    home.secrets.ensure("postgres-jejak_reader")
    assert cli.run(["profile", SITI, "--home", str(home.path)], debug=False) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "cannot connect to PostgreSQL" in said.err


def test_a_real_process_says_no_more_than_that(played: Played) -> None:
    command = [sys.executable, "-m", "jejak", "profile", STRANGER]
    done = subprocess.run(
        [*command, "--home", str(played.stage.home.path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "jejak: the ledger knows nobody by this nip\n"


@pytest.fixture
def unreadable() -> Iterator[Path]:
    """A link that leads nowhere: nobody may read it, not even root."""
    path = Path("loop")
    path.symlink_to(path)
    yield path
    path.unlink()


def test_a_file_that_cannot_be_opened_is_named(jejak: Jejak, unreadable: Path) -> None:
    for words in (emit(str(unreadable)), ("profile", f"@{unreadable}")):
        said = jejak(*words)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
        assert str(unreadable) in said.err
