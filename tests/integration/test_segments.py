"""Records as Parquet: a replay in parts, and segments for an archive that forget what is erased."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyarrow import parquet

from jejak_lrs import roles
from jejak_lrs.database import Connection, Database
from jejak_lrs.errors import Refuse
from jejak_lrs.replay import segments
from jejak_lrs.replay.replays import Replay
from jejak_lrs.replay.selection import Selection
from tests import services, world
from tests.recorded import record
from tests.world import course

pytestmark = pytest.mark.integration

COURSES = [course(f"2024-01-{day:02}") for day in range(1, 13)]
RECORDS = len(world.usual()) + len(COURSES)
COURSE = RECORDS - 1


@pytest.fixture
def ledger(writer: Database, database: services.Database) -> str:
    record(writer, *world.usual(), *COURSES)
    return database.dsn(roles.READER)


def erase(superuser: Connection, position: int) -> None:
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
    superuser.execute(
        "UPDATE record_p0 SET payload = NULL, salt = NULL, content_tag = NULL, person_id = NULL, "
        "agency = NULL, activity = NULL WHERE position = %s",
        [position],
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.parquet"))
    }


def positions(folder: Path, files: Sequence[str]) -> list[int]:
    return [
        at for name in files for at in parquet.read_table(folder / name)["position"].to_pylist()
    ]


def test_a_replay_in_parts_holds_every_record_and_says_its_digest(
    ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "RANGE", 10)
    folder = tmp_path / "all.parquet"
    found = Replay(ledger).write_parts(Selection(), folder)
    files = contents(folder)
    assert list(files) == [f"part-{at:012}-{min(at + 9, COURSE):012}.parquet"
                           for at in range(0, RECORDS, 10)]  # fmt: skip
    assert positions(folder, list(files)) == list(range(RECORDS))
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    )
    assert found.digest == hashlib.sha256(sums.encode()).hexdigest()
    assert found.found == Replay(ledger).look(Selection()).found
    last = parquet.read_table(folder / list(files)[-1]).to_pylist()[-1]
    assert (last["event_type"], last["erased"]) == ("CourseCompleted", False)
    assert str(COURSES[-1].event_id) in last["statement"]


def test_parts_that_are_there_are_not_written_again(
    ledger: str, writer: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "RANGE", 10)
    folder, other = tmp_path / "all.parquet", tmp_path / "other.parquet"
    whole = Replay(ledger).write_parts(Selection(), folder)
    Replay(ledger).write_parts(Selection(), other)
    assert contents(folder) == contents(other)
    kept, missing, *_ = sorted(folder.glob("part-*"))
    missing.unlink()
    before = kept.stat().st_mtime_ns
    record(writer, course("2024-06-01"))
    assert Replay(ledger, workers=2).write_parts(Selection(), folder) == whole
    assert kept.stat().st_mtime_ns == before
    assert contents(folder) == contents(other)
    with pytest.raises(Refuse, match="another replay"):
        Replay(ledger).write_parts(Selection(types=("CourseCompleted",)), folder)


def test_segments_are_full_ranges_whose_leaves_never_change(
    ledger: str, writer: Database, superuser: Connection, tmp_path: Path
) -> None:
    width = 8
    full = RECORDS // width
    first = Replay(ledger).write_segments(tmp_path, width)
    assert first == {"written": 2 * full, "segments": full, "end": full * width}
    before = contents(tmp_path)
    assert Replay(ledger).write_segments(tmp_path, width)["written"] == 0
    erased = full * width - 1
    text = str(COURSES[erased - len(world.usual())].event_id).encode()
    told = parquet.read_table(tmp_path / list(before)[-1]).to_pylist()[-1]
    assert text.decode() in told["statement"]
    erase(superuser, erased)
    record(writer, *[course(f"2024-07-{day:02}") for day in range(1, 9)])
    assert Replay(ledger).write_segments(tmp_path, width)["written"] == 3
    after = contents(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {list(before)[-1]}
    assert next(iter(changed)).startswith("payload/")
    told = parquet.read_table(tmp_path / changed.pop()).to_pylist()[-1]
    assert (told["position"], told["erased"], told["statement"], told["salt"]) == (
        erased, True, None, None,
    )  # fmt: skip
    with pytest.raises(Refuse, match="another replay"):
        Replay(ledger).write_segments(tmp_path, width + 1)


def test_a_leaf_file_holds_what_the_public_log_holds(ledger: str, tmp_path: Path) -> None:
    Replay(ledger).write_segments(tmp_path, 8)
    leaves = parquet.read_table(tmp_path / "leaf" / "000000000000-000000000007.parquet")
    assert leaves.schema.names == ["position", "statement_id", "stored", "party", "commitment"]
    assert leaves["position"].to_pylist() == list(range(8))
