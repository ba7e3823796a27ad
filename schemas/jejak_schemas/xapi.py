"""Whether a statement is valid xAPI 2.0, by the rules of the standard written as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where (`context.contextAgents[0]`); `rule` never repeats a value."""

    path: str
    rule: str


def faults(statement: dict[str, Any]) -> Iterator[Fault]:
    """Every rule of IEEE 9274.1.1 (xAPI 2.0) that a statement breaks."""
    if "actor" not in statement:
        yield Fault("actor", "actor is missing")
