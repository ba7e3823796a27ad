"""What a subscriber remembers in files: how far it came, and which profiles it began from."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO
from uuid import UUID

from jejak_consumers import errors
from jejak_schemas.chain import Place


@dataclass(frozen=True, slots=True)
class State:
    """Where a subscriber stands: the last change handled, None before the first.

    `next_offset` is where to read on; with no place, any message there is the first. `began`: it
    began from profiles, whose versions are in a file beside.
    """

    topic: str
    next_offset: int
    place: Place | None = None
    began: bool = False

    def write(self, path: Path) -> None:
        """Keep it: a reader of the file sees the old state or the new, never half."""
        place = self.place
        said = {
            "topic": self.topic,
            "next_offset": self.next_offset,
            "epoch": str(place.epoch) if place else None,
            "seq": place.seq if place else None,
            "began": self.began,
        }
        _write(path, said)

    @classmethod
    def read(cls, path: Path, topic: str) -> Self | None:
        """What was kept; None where nothing was.

        Raises:
            StateDamaged: the file is no state, or another topic's.
        """
        try:
            said = json.loads(path.read_text("utf-8"))
            epoch, seq = said["epoch"], said["seq"]
            place = None if epoch is None else Place(UUID(epoch), int(seq))
            began = bool(said.get("began"))  # older files do not say
            state = cls(str(said["topic"]), int(said["next_offset"]), place, began)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
            raise errors.StateDamaged(f"{path} is no state of a subscriber") from exc
        if state.topic != topic:
            raise errors.StateDamaged(f"{path} belongs to {state.topic}, not {topic}")
        return state


def write_versions(state: Path, versions: Mapping[str, int]) -> None:
    """Keep, beside the state, up to which version each person was known in the profiles."""
    _write(_beside(state), versions)


def read_versions(state: Path) -> dict[str, int]:
    """What was kept beside the state.

    Raises:
        StateDamaged: it is gone, or is not what it must be.
    """
    path = _beside(state)
    try:
        said = json.loads(path.read_text("utf-8"))
        return {str(person): int(version) for person, version in said.items()}
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise errors.StateDamaged(f"{path} does not hold the versions of profiles") from exc


def take(state: Path) -> TextIO | None:
    """Keep others from a state until what is given is closed, or its process ends.

    Raises:
        StateTaken: another has it; StateDamaged: no file can be made beside it.
    """
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:  # Windows has no such locks
        return None
    path = state.with_name(state.name + ".lock")
    try:
        file = path.open("a")
    except OSError as exc:
        raise errors.StateDamaged(f"cannot write {path}: {exc.strerror}") from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise errors.StateTaken(f"another subscriber goes on by {state}") from None
    return file


def _beside(state: Path) -> Path:
    return state.with_name(state.name + ".versions")


def _write(path: Path, said: Mapping[str, Any]) -> None:
    aside = path.with_name(path.name + ".new")
    try:
        with aside.open("w", encoding="utf-8") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as exc:
        raise errors.StateDamaged(f"cannot write {path}: {exc.strerror}") from exc
