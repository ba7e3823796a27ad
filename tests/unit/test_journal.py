"""The journal fixes what is sent before it is sent, and survives any end of the process."""

import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from jejak_producers import BadFile, Packed, Sent, SourceChanged
from jejak_producers.journal import Heading, Journal, Told
from jejak_schemas.wire import holds_nip

HEADING = Heading("lan", "jejak.inbox.lan", 12)


def packed(number: int) -> Packed:
    return Packed(UUID(int=number), "ProjectJoined", b"198503152010011001", bytes([number] * 40))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.jsonl.jejak-journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    made = Journal(path)
    made.begin(HEADING)
    for number in (1, 2, 3):
        made.add(number, bytes([number]), packed(number))
    made.mark_sent(1, Sent(UUID(int=1), HEADING.topic, 0, 41))
    made.mark_told(1, Told("recorded", 0, warnings=("late",)))
    made.mark_sent(2, Sent(UUID(int=2), HEADING.topic, 1, 7))
    made.sync()
    yield made
    made.close()


def test_it_is_read_back_as_it_was(journal: Journal, path: Path) -> None:
    journal.close()
    again = Journal(path)
    assert again.heading == HEADING
    first, second, third = (again.entry(number, bytes([number])) for number in (1, 2, 3))
    assert first
    assert second
    assert third
    assert (first.packed, first.told) == (None, Told("recorded", 0, warnings=("late",)))
    assert (second.packed, second.sent) == (None, Sent(UUID(int=2), HEADING.topic, 1, 7))
    assert third.packed == packed(3)
    assert [number for number, _ in again.unanswered()] == [2]
    again.close()


def test_only_its_owner_can_read_it(journal: Journal, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not holds_nip(path.read_text("ascii"))
    assert journal.last_line() == 3


def test_a_journal_torn_at_any_byte_is_a_shorter_journal(journal: Journal, path: Path) -> None:
    journal.close()
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        again = Journal(path)
        expected = whole[:length].count(b'"digest"') if whole[:length].endswith(b"\n") else None
        assert expected in (None, again.last_line())
        again.close()
        kept = path.read_bytes()
        assert whole.startswith(kept)
        assert kept in (b"", whole[: len(kept)])
        assert not kept or kept.endswith(b"\n")


def test_a_torn_journal_goes_on(journal: Journal, path: Path) -> None:
    journal.close()
    path.write_bytes(path.read_bytes()[:-5])
    again = Journal(path)
    again.add(4, b"4", packed(4))
    again.close()
    third = Journal(path)
    assert third.last_line() == 4
    third.close()


def test_a_changed_line_is_refused_by_number(journal: Journal) -> None:
    with pytest.raises(SourceChanged, match="line 2 was changed"):
        journal.entry(2, b"other")


def test_a_refused_line_may_be_corrected(journal: Journal) -> None:
    journal.mark_told(2, Told("refused", reason="late"))
    assert journal.entry(2, b"other") is None
    assert journal.entry(2, b"\x02") is not None


def test_another_identity_is_refused(journal: Journal) -> None:
    with pytest.raises(SourceChanged, match="begun as lan"):
        journal.begin(Heading("fia", "jejak.inbox.fia", None))
    journal.begin(Heading("lan", "jejak.inbox.lan", 99))
    assert journal.heading == HEADING


def test_one_process_at_a_time(journal: Journal, path: Path) -> None:
    assert journal.heading
    with pytest.raises(BadFile, match="another process"):
        Journal(path)


@pytest.mark.parametrize("text", ["hello\n", '{"line": 9, "at": [0, 1]}\n', "[]\n", "{}\n"])
def test_another_file_is_not_taken_for_a_journal(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(BadFile, match="is not a journal"):
        Journal(path)
    assert path.read_text() == text


def test_a_journal_in_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot write the journal"):
        Journal(tmp_path / "no" / "journal")
