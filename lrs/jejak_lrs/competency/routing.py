"""Who is told about a person: home and working agency, by BKN's word alone.

Source: contract.md, "Routing uses registry facts only".
"""

from dataclasses import dataclass
from typing import Final, Literal

from jejak_lrs.competency.profile import Served

Relation = Literal["home", "working", "both"]


@dataclass(frozen=True, slots=True)
class Agencies:
    """The agencies that a person belongs to on a day; None: BKN has not said."""

    home: str | None = None
    working: str | None = None

    @property
    def relations(self) -> dict[str, Relation]:
        """Each agency once, with what it is to the person."""
        if self.home is None or self.working is None:
            return {}
        if self.home == self.working:
            return {self.home: "both"}
        return {self.home: "home", self.working: "working"}

    def counterpart(self, agency: str, other: "Agencies") -> str | None:
        """Whom `other` has in the role that `agency` has here."""
        return other.working if agency == self.working else other.home


NOWHERE: Final = Agencies()


def agencies_of(serving: Served | None) -> Agencies:
    """The agencies of a posting."""
    return Agencies(serving.home, serving.working) if serving else NOWHERE
