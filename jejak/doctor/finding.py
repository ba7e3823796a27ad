"""What the doctor found of one thing."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. WORTH: it works, and a larger site would have it otherwise."""

    WELL = "well"
    WORTH = "worth knowing"
    WRONG = "wrong"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: which part, what of it, how it is, what was found, what to do."""

    part: str
    subject: str
    level: Level
    found: str
    mend: str = ""


def judged(part: str, subject: str, found: str, mend: str, *, well: bool) -> Finding:
    """WELL, or WRONG with what to do."""
    return Finding(part, subject, Level.WELL if well else Level.WRONG, found, "" if well else mend)


def advised(part: str, subject: str, found: str, mend: str, *, well: bool) -> Finding:
    """WELL, or WORTH with what to do."""
    return Finding(part, subject, Level.WELL if well else Level.WORTH, found, "" if well else mend)
