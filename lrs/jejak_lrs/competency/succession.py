"""Which agency an agency's code stands for on a day, once agencies were restructured.

One successor takes over everybody from that day. Of several, nobody can tell who went where, so
people stay where BKN put them until it moves them. Source: docs/contract/AgencyRestructured.md.
"""

from collections.abc import Iterable
from datetime import date

from jejak_schemas.events import AgencyRestructured


class Succession:
    """Every restructuring so far; for one thread."""

    def __init__(self) -> None:
        # By (code, day): stated again for the same day, the last word replaces the others.
        self._said: dict[tuple[str, date], AgencyRestructured] = {}
        self.steps: tuple[tuple[date, str, str], ...] = ()  # since when which code stands for which

    def add(self, event: AgencyRestructured) -> None:
        """Take in one event, in any order."""
        key = (event.before, event.valid_from)
        known = self._said.get(key, event)
        self._said[key] = max(known, event, key=lambda one: (one.occurred_at, one.event_id))
        self.steps = tuple(
            sorted(
                (one.valid_from, one.before, one.after[0])
                for one in self._said.values()
                if len(one.after) == 1
            )
        )

    def agency_on(self, code: str, day: date) -> str:
        """The agency that a code stands for on a day; itself where nobody took it over."""
        for since, before, after in self.steps:
            if since <= day and before == code:
                code = after
        return code

    def turns(self, codes: Iterable[str]) -> set[date]:
        """The days on which what these codes stand for changes, and perhaps more."""
        reached, found = set(codes), set[date]()
        for since, before, after in self.steps:
            if before in reached:
                reached.add(after)
                found.add(since)
        return found

    def leading_to(self, code: str) -> frozenset[str]:
        """The code, and every earlier one that has come to stand for it."""
        reached = {code}
        for _, before, after in reversed(self.steps):
            if after in reached:
                reached.add(before)
        return frozenset(reached)
