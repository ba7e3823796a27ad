"""`jejak demo`, as whoever tries Jejak out meets it, while another copy runs beside it."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from jejak.processes import LOOPS
from tests.e2e.conftest import Played

DEMO = (sys.executable, "-m", "jejak", "demo", "--json")
COUNTS = (
    "delivered", "recorded", "duplicates", "conflicts", "refused", "people", "agencies",
    "providers", "programmes",
)  # fmt: skip


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the demo makes its temporary home; its path stands in all that it starts."""
    with tempfile.TemporaryDirectory(prefix="jejak-e2e-") as folder:
        yield Path(folder)


def start(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*DEMO],
        env={**_environment(), "TMPDIR": str(place)},
        cwd=place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _environment() -> dict[str, str]:
    own: dict[str, str] = psutil.Process().environ()
    return {key: value for key, value in own.items() if not key.startswith("JEJAK_")}


def running_in(place: Path) -> list[str]:
    """The programs in whose command line the place stands."""
    return [
        " ".join(one.info["cmdline"])
        for one in psutil.process_iter(["cmdline"])
        if any(str(place) in word for word in one.info["cmdline"] or ())
    ]


def of_the_other(played: Played) -> set[int]:
    """The processes of the copy that runs beside."""
    home = str(played.stage.home.path)
    return {
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if any(home in word for word in one.info["cmdline"] or ())
    }


def test_the_demo_gives_one_document_and_leaves_nothing(played: Played, place: Path) -> None:
    others = of_the_other(played)
    assert len(others) >= len(LOOPS)
    with start(place) as demo:
        out, err = demo.communicate(timeout=150)
    assert demo.returncode == 0, err
    assert "Traceback" not in err

    found = json.loads(out)
    planned = played.stage.nation.manifest
    wanted = {name: getattr(planned, name) for name in COUNTS}
    wanted |= {"refused": sum(planned.refused.values()), "people": found["people"]}
    assert {name: found[name] for name in COUNTS} == wanted
    assert found["people"] >= planned.people >= 300
    assert found["delivered"] == sum(
        found[name] for name in ("recorded", "duplicates", "conflicts", "refused")
    )
    assert (found["replay_equal"], found["books_balanced"], found["as_planned"]) == (True,) * 3
    assert len(found["completed"]) == found["programmes"] == 6
    assert found["agency"]["matched"] > 0
    assert found["seconds"] > 0

    assert running_in(place) == []
    assert list(place.iterdir()) == []
    assert of_the_other(played) == others


def test_ctrl_c_stops_exactly_what_the_demo_started(played: Played, place: Path) -> None:
    others = of_the_other(played)
    with start(place) as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            if "institutions added" in line:  # everything runs, and events are on their way
                break
        time.sleep(0.3)
        started = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=60)
    assert len(started) >= 5  # Kafka, PostgreSQL with its own, three loops
    assert [one for one in started if one.is_running()] == []
    assert (demo.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "jejak: stopped"
    assert "Traceback" not in err
    assert running_in(place) == []
    assert list(place.iterdir()) == []
    assert of_the_other(played) == others


def test_a_folder_that_holds_something_is_no_home_for_a_demo(place: Path) -> None:
    (place / "mine.txt").write_text("do not touch")
    done = subprocess.run(
        [*DEMO, "--home", str(place)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"jejak: {place} is not empty: the demo wants a new home of its own\n"
    assert [path.name for path in place.iterdir()] == ["mine.txt"]
