"""What positions require: the agency's own standard, else the national one.

Source: competency.md, "What agencies get".
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final, Protocol

from jejak_lrs.competency.registry import Registry
from jejak_schemas.events import StandardPublished

_OWNER_OF_NATIONAL: Final = "panrb"
Levels = Mapping[str, int]  # by competency
_NONE: Final[Levels] = {}


class Post(Protocol):
    """What decides what is required of somebody."""

    @property
    def working(self) -> str:
        """The agency where they work."""
        ...

    @property
    def position_class(self) -> str:
        """The class of their position."""
        ...

    @property
    def position(self) -> str | None:
        """The position itself."""
        ...


class Standards:
    """All that is required on one day, by position.

    Of several standards in force for the same position the requirements are joined; of one
    competency in several the highest holds.
    """

    def __init__(self, registry: Registry, day: date) -> None:
        self._own: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        self._national: dict[str, dict[str, int]] = defaultdict(dict)
        for standard in registry.standards_on(day):
            event = standard.event
            if event.position is not None:
                _join(self._own[event.speaks_for, event.position], event)
            elif event.position_class is not None and (
                _OWNER_OF_NATIONAL in registry.roles_on(event.speaks_for, day)
            ):
                _join(self._national[event.position_class], event)

    def required_of(self, post: Post) -> Levels:
        """The levels required of a position; empty: it has no standard."""
        own = self._own.get((post.working, post.position or ""))
        national = self._national.get(post.position_class)
        return own or national or _NONE


def _join(required: dict[str, int], event: StandardPublished) -> None:
    for one in event.requirements:
        required[one.competency] = max(one.level, required.get(one.competency, 0))
