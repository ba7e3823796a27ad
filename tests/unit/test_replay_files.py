"""The file of a replay is let go, whatever becomes of it."""

from pathlib import Path
from uuid import UUID

import psutil  # type: ignore[import-untyped]
import pytest

from jejak_lrs.replay.files import JsonLines
from jejak_lrs.replay.selection import Selection


def test_a_file_whose_state_cannot_be_kept_is_closed(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "all.jsonl", UUID(int=1))
    before = psutil.Process().num_fds()
    lines.begin(Selection(to_position=1))
    (tmp_path / "all.jsonl.partial.json.new").mkdir()
    with pytest.raises(IsADirectoryError):
        lines.close()
    assert psutil.Process().num_fds() == before
