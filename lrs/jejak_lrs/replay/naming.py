"""Records chosen by competency: those whose statements name one of some words.

The words are the competencies asked for, and the offerings of every series that was ever aligned
to one. A void is chosen by the statement that it takes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from jejak_lrs.replay.gathering import registry_at
from jejak_schemas.events import StatementVoided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.history import Record

    Told = tuple[Record, bytes | None]

_VOID: Final = StatementVoided.__name__


@dataclass(frozen=True, slots=True)
class Words:
    """What a statement must name one of, as a text of its own."""

    words: frozenset[str]

    def named(
        self, told: Iterable[Told], target_of: Callable[[Record], bytes | None]
    ) -> list[Told]:
        """Those of the records, with their statements, that name one. `target_of`: of a void."""
        needles = [word.encode() for word in self.words]
        chosen: list[Told] = []
        for record, plain in told:
            if plain is None:
                continue
            said = target_of(record) if record.event_type == _VOID else plain
            if said is not None and self._named_in(said, needles):
                chosen.append((record, plain))
        return chosen

    def _named_in(self, plain: bytes, needles: Iterable[bytes]) -> bool:
        if b"\\" not in plain and not any(needle in plain for needle in needles):
            return False
        return any(text in self.words for text in _texts(orjson.loads(plain)))


def words_of(connection: Connection, competencies: Iterable[str], upto: int) -> Words:
    """What names these competencies, by the registry at position `upto`."""
    asked = frozenset(competencies)
    registry = registry_at(connection, upto)
    series = {one for iri in asked for one in registry.series_aligned_to(iri)}
    return Words(asked.union(*(registry.offerings_of(one) for one in series)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
