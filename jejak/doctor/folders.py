"""The home, its secrets and the disk beneath it."""

import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from jejak.doctor.finding import Finding, advised, judged
from jejak.home import Home
from jejak.services import Services

PART = "home"
GIGABYTE = 1 << 30
LEAST_FREE = 0.1  # of the disk; Kafka and PostgreSQL stop altogether where none is left
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(home: Home, services: Services) -> Iterator[Finding]:
    """The folders, who may read them, and how full the disk is."""
    folder = services.secrets.folder
    yield judged(
        PART, str(folder), "there" if folder.is_dir() else "missing",
        "say JEJAK_SECRETS, or run `jejak prepare`", well=folder.is_dir(),
    )  # fmt: skip
    for place, what in ((folder, "secrets"), (home.credentials, "credentials files")):
        open_ones = [path.name for path in _files(place) if path.stat().st_mode & OTHERS]
        named = ", ".join(open_ones[:3])
        yield judged(
            PART, what, f"others can read {named}" if open_ones else "closed to others",
            f"chmod 600 {place}/*", well=not open_ones,
        )  # fmt: skip
    yield room(PART, f"disk of {home.path}", *_disk(home.path))


def room(part: str, subject: str, free: int, size: int) -> Finding:
    """How much of a disk is free."""
    return advised(
        part, subject, f"{free / GIGABYTE:.0f} of {size / GIGABYTE:.0f} GB free",
        "make room, or give the data a larger disk: a full one stops everything",
        well=free >= LEAST_FREE * size,
    )  # fmt: skip


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else ()


def _disk(path: Path) -> tuple[int, int]:
    there = next(each for each in (path, *path.parents) if each.exists())
    usage = shutil.disk_usage(there)
    return usage.free, usage.total
