"""What an audit says: where something is not what it must be, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, exactly named, and what is wrong with it. Never a NIP, never a payload."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
