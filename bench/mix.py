"""The events that are measured: the demo's mix, as a provider's program makes it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from jejak_lrs.competency import ruleset
from jejak_producers.simulate import Delivery, Nation, nation
from jejak_schemas.events import Event
from jejak_schemas.parts import Part

SEED: Final = 2026

Make = Callable[[], Any]


def simulated(events: int, people: int) -> Nation:
    """The nation whose traffic is measured."""
    return nation(SEED, people, events, documents=ruleset.shipped)


def ordinary(made: Nation) -> list[Delivery]:
    """Its traffic without the planted dirt."""
    return [one for one in made.traffic() if not one.note and one.event is not None]


def makers(deliveries: Sequence[Delivery], party: str) -> list[Callable[[], Event]]:
    """For each delivery a call that makes its event anew, from Python values, as `party`'s own.

    Every part is made by its own class, as in README.md; the event id is a new one.
    """
    own = frozenset({"event_id", "party"})
    events = (one.event for one in deliveries if one.event is not None)
    return [_maker(event, own, party=party) for event in events]


def _maker(part: Part, without: frozenset[str] = frozenset(), **other: Any) -> Make:
    given = {name: value for name, value in part if name in part.model_fields_set - without}
    plain = {name: value for name, value in given.items() if not _made(value)}
    parts = [(name, _value(value)) for name, value in given.items() if _made(value)]
    model = type(part)
    if not parts:
        return partial(model, **plain, **other)

    def make() -> Any:
        return model(**plain, **other, **{name: make_part() for name, make_part in parts})

    return make


def _made(value: Any) -> bool:
    """Whether a value is of our own classes, or holds such."""
    first = value[0] if isinstance(value, tuple) and value else value
    return isinstance(first, Part)


def _value(value: Any) -> Make:
    if isinstance(value, Part):
        return _maker(value)
    items = [_maker(item) for item in value]
    return lambda: tuple([make() for make in items])


def batches(messages: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The messages in batches of a size."""
    for start in range(0, len(messages), size):
        yield messages[start : start + size]
