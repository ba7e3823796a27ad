"""The load, and the list of what was acknowledged."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

from tests.stranger.home import PATIENCE, Home

MARK: Final = "https://stranger.example/"  # begins every activity of ours
PEOPLE: Final = 500
_LINES: Final = 400  # of a file


@dataclass(slots=True)
class Sender:
    """One provider: a file, `jejak emit` until it says 0, the next file."""

    home: Home
    party: str
    ended: threading.Event
    written: int = 0
    told: dict[str, int] = field(default_factory=dict)  # event id: position
    running: Popen[str] | None = None
    again: int = 0

    def send(self) -> None:
        """Until told to end, and the file in hand to its end."""
        while not self.ended.is_set():
            file = self.home.folder / f"{self.party}-{self.written:07}.jsonl"
            file.write_text("\n".join(self._line(self.written + n) for n in range(_LINES)) + "\n")
            self.written += _LINES
            self._emit(file)

    def _emit(self, file: Path) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.running = self.home.jejak("emit", str(file), "--identity", self.party, "--json")
            answer, _ = self.running.communicate()
            lines = [json.loads(line) for line in answer.splitlines() if line.endswith("}")]
            known = [line for line in lines if line["outcome"] in ("recorded", "duplicate")]
            self.told |= {line["event_id"]: line["position"] for line in known}
            if self.running.returncode == 0:
                return
            self.again += 1
        raise TimeoutError(f"{file} is not taken")

    def _line(self, number: int) -> str:
        learner = {"nip": nip(number % PEOPLE)}
        return json.dumps({
            "event": "CourseCompleted", "party": self.party, "learner": learner,
            "occurred_at": "2026-03-09T09:15:00+07:00", "jp_claimed": 800,
            "activity": {"id": f"{MARK}{self.party}/{number}", "name": {"id": "Seminar"}},
        })  # fmt: skip


def nip(number: int) -> str:
    """The number of one of our people."""
    return f"19850312201001{1 + number % 2}{number:03d}"
