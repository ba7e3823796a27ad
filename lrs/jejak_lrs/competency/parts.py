"""Parts of one person's profile, each beside all that it was made of.

Where a person is folded again and a part would be made of the same, it is not made again: most
records touch one competency and one year. What is held is only ever equal to what would be made.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from jejak_lrs.competency.judge import Judging

Made = TypeVar("Made")


class Parts:
    """What was made last, by name. For one person, and one thread."""

    def __init__(self) -> None:
        self.judging = Judging()
        self._made: dict[Hashable, tuple[object, Any]] = {}

    def take(self, name: Hashable, of: object, make: Callable[[], Made]) -> Made:
        """The part made of something: of the same as last time, it is the last one.

        Args:
            name: which part; `make` MUST depend on `of` alone.
            of: everything it is made of; compared, and not to be changed later.
            make: makes it.
        """
        held = self._made.get(name)
        if held is not None and held[0] == of:
            last: Made = held[1]
            return last
        made = make()
        self._made[name] = of, made
        return made
