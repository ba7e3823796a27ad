"""Stopping a home from outside, and removing its data."""

import shutil
import time

from jejak import running
from jejak.errors import Fatal, Refuse
from jejak.home import Home

# What a home may hold. Nothing else in the folder is ever touched.
CONTENTS = (
    "kafka", "postgres", "run", "log", "logs", "credentials", "secrets", "bookmarks",
)  # fmt: skip
PATIENCE = 60.0  # seconds for a supervisor to stop everything


def stop_home(home: Home) -> list[str]:
    """Stop the home's supervisor, or what a killed one left; returns the names of what stopped.

    Fatal if it does not stop.
    """
    if not home.path.is_dir():
        return []
    if home.is_held:
        return [stop_supervisor(home)]
    with home.held():
        return running.stop_leftovers(home)


def stop_supervisor(home: Home) -> str:
    """Ask the process that holds the home to stop, and wait until it has let go."""
    processes = running.written_down(home)
    supervisor = processes[0].process if processes else None
    if supervisor is None:
        raise Refuse(f"{home.path} is just starting; try again in a few seconds")
    supervisor.terminate()
    end = time.monotonic() + PATIENCE
    while home.is_held:
        if time.monotonic() > end:
            raise Fatal(f"process {processes[0].pid} holds {home.path} and does not stop")
        time.sleep(0.1)
    return processes[0].name


def purge(home: Home) -> bool:
    """Remove a home's data; whether there was any. Files that are not a home's stay."""
    if not home.path.is_dir():
        return False
    with home.held():
        for name in CONTENTS:
            shutil.rmtree(home.path / name, ignore_errors=True)
        home.settings_file.unlink(missing_ok=True)
    if not any(home.path.iterdir()):
        home.path.rmdir()
    return True
