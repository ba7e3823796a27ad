"""Files and folders that only their owner can read, written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make `path` if it is not there, closed to others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 by a rename: a reader sees the old text or the new, never half."""
    with private_file(path.parent, text) as aside:
        aside.replace(path)


@contextmanager
def private_file(folder: Path, text: str) -> Iterator[Path]:
    """A file of mode 0600 with `text`, on disk, gone at the end unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
