"""The Python program of docs/first-event.md, on a nation that has been played."""

import re
import subprocess
import sys
from pathlib import Path

from jejak_schemas import avro
from tests.e2e.conftest import Played

PROGRAM = Path(__file__).parents[1] / "clients/first-event-python/first_event.py"


def test_the_program_prints_recorded_and_a_position(played: Played) -> None:
    credentials = played.stage.home.credentials_file("pusbangkom-lan")
    done = subprocess.run(
        [sys.executable, PROGRAM, credentials, Path(avro.__file__).parent / "avsc"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert re.fullmatch(r"sent to partition \d at offset \d+\nrecorded \d+\n", done.stdout)
