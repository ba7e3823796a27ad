"""The journal fixes what is sent before it is sent, and survives any end of the process."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from jejak_producers import BadFile, NoRoom, Packed, Sent, SourceChanged
from jejak_producers.journal import Entry, Heading, Journal, Told
from jejak_producers.receipts import Reading
from jejak_schemas.chain import Place
from jejak_schemas.outgoing import Receipt

NIP = b"198503152010011001"
EPOCH = UUID("00000000-0000-4000-8000-00000000e90c")
HEADING = Heading("lan", "jejak.inbox.lan")


def packed(number: int) -> Packed:
    return Packed(UUID(int=number), "ProjectJoined", NIP, bytes([number] * 40) + NIP)


def receipt(number: int, partition: int, offset: int, **rest: object) -> Receipt:
    said = {
        "outcome": "recorded", "topic": HEADING.topic, "partition": partition, "offset": offset,
        "event_id": UUID(int=number), "position": 0, "epoch": EPOCH, "seq": 1, "prev_seq": 0,
    }  # fmt: skip
    return Receipt.model_validate(said | rest)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.jsonl.jejak-journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Line 1 is answered, line 2 acknowledged, line 3 fixed."""
    with closing(Journal(path)) as made:
        made.begin(HEADING)
        for number in (1, 2, 3):
            made.add(number, bytes([number]), packed(number))
        made.acknowledge(1, Sent(UUID(int=1), HEADING.topic, 0, 41))
        made.acknowledge(2, Sent(UUID(int=2), HEADING.topic, 1, 7))
        assert made.tell(receipt(1, 0, 41, warnings=("late", "nip-pattern")))
        made.commit()
        yield made


def entries(path: Path) -> dict[int, Entry]:
    with closing(Journal(path)) as again:
        return again.entries(1, 9)


def test_it_is_read_back_as_it_was(journal: Journal, path: Path) -> None:
    journal.read_to(Reading(9, Place(EPOCH, 4)))
    journal.close()
    first, second, third = entries(path).values()
    told = Told("recorded", 0, warnings=("late", "nip-pattern"))
    assert (first.packed, first.told) == (None, told)
    assert (second.packed, second.sent) == (None, Sent(UUID(int=2), HEADING.topic, 1, 7))
    assert (third.packed, third.sent, third.told) == (packed(3), None, None)
    with closing(Journal(path)) as again:
        assert (again.heading, again.reading) == (HEADING, Reading(9, Place(EPOCH, 4)))
        assert (again.unanswered(1, 9), again.unanswered(3, 9), again.last_line()) == (1, 0, 3)


def test_a_receipt_answers_the_event_that_lies_at_its_place_and_no_other(journal: Journal) -> None:
    for other in (
        receipt(2, 0, 7),
        receipt(3, 1, 7),
        receipt(2, 1, 7, topic="jejak.inbox.lan.2"),
        receipt(1, 0, 41, outcome="duplicate"),
    ):
        assert not journal.tell(other)
    assert journal.tell(receipt(2, 1, 7, event_id=None, outcome="refused", reason="unreadable"))
    assert journal.entries(2, 2)[2].told == Told("refused", 0, "unreadable")


def test_only_its_owner_can_read_it_and_what_is_acknowledged_holds_no_nip(
    journal: Journal, path: Path
) -> None:
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    journal.acknowledge(3, Sent(UUID(int=3), HEADING.topic, 0, 42))
    journal.close()
    assert NIP not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_a_journal_torn_at_any_byte_is_as_it_was_at_a_commit(path: Path, tmp_path: Path) -> None:
    """As a kill or a power cut leaves it: what was written after the last commit, in any part."""
    journal = Journal(path)
    journal.begin(HEADING)
    for number in range(1, 9):
        journal.add(number, bytes([number]), packed(number))
        journal.commit()
    torn = tmp_path / "torn"
    written = path.with_name(path.name + "-wal")
    counts = []
    whole = written.stat().st_size
    for length in (*range(0, whole, 997), whole):
        shutil.copy(path, torn)
        (tmp_path / "torn-wal").write_bytes(written.read_bytes()[:length])
        kept = entries(torn)
        assert list(kept) == list(range(1, len(kept) + 1))
        assert all(entry.packed == packed(number) for number, entry in kept.items())
        counts.append(len(kept))
    journal.close()
    assert counts == sorted(counts)
    assert set(counts) == set(range(9))
    assert len(entries(path)) == 8


def test_a_changed_line_is_refused_by_number(journal: Journal) -> None:
    with pytest.raises(SourceChanged, match="line 2 was changed"):
        journal.expect(journal.entries(2, 2)[2], b"other")


def test_a_refused_line_may_be_corrected(journal: Journal) -> None:
    journal.tell(receipt(2, 1, 7, outcome="refused", reason="late"))
    refused = journal.entries(2, 2)[2]
    assert not journal.expect(refused, b"other")
    assert journal.expect(refused, b"\x02")
    journal.add(2, b"other", packed(9))
    assert journal.entries(2, 2)[2] == Entry(2, b"other", UUID(int=9), "ProjectJoined", packed(9))


def test_another_identity_is_refused(journal: Journal) -> None:
    with pytest.raises(SourceChanged, match="begun as lan"):
        journal.begin(Heading("fia", "jejak.inbox.fia"))
    journal.begin(HEADING)


def test_one_process_at_a_time(journal: Journal, path: Path) -> None:
    assert journal.heading
    with pytest.raises(BadFile, match="another process"):
        Journal(path)


@pytest.mark.parametrize("raw", [b"hello\n", b"x" * 5_000, b"SQLite format 3\0" + b"\0" * 984])
def test_another_file_is_not_taken_for_a_journal(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    with pytest.raises(BadFile, match="is not a journal"):
        Journal(path)
    assert path.read_bytes() == raw


def test_a_journal_in_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot write the journal"):
        Journal(tmp_path / "no" / "journal")


def test_a_full_disk_is_told_and_what_was_committed_holds(journal: Journal, path: Path) -> None:
    journal._database.execute("PRAGMA max_page_count = 1")  # as SQLite tests it itself
    big = Packed(UUID(int=4), "ProjectJoined", NIP, bytes(64_000))
    with pytest.raises(NoRoom, match="full"):
        journal.add(4, b"x", big)
    journal.close()
    assert [one.packed for one in entries(path).values()] == [None, None, packed(3)]


def test_input_that_cannot_be_read_twice_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Journal.nowhere()) as journal:
        journal.begin(HEADING)
        journal.add(1, b"1", packed(1))
        journal.commit()
        assert journal.last_line() == 1
    assert list(tmp_path.iterdir()) == []
