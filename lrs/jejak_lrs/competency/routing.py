"""Who is told about a person: home and working agency by BKN's word; before it, who claims them.

Two claims route to neither. Source: docs/agency.md; docs/contract/RosterDeclared.md.
"""

from datetime import date
from typing import Final, Literal

from msgspec import Struct

from jejak_lrs.competency.lookups import on, serving_on
from jejak_lrs.competency.profile import Profile

Relation = Literal["home", "working", "both"]


class Agencies(Struct, frozen=True, gc=False):
    """The agencies that a person belongs to on a day; None: nobody's."""

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


def agencies_on(profile: Profile, day: date) -> Agencies:
    """The agencies that a person belongs to on a day."""
    serving = serving_on(profile, day)
    if serving is not None:
        return Agencies(serving.home, serving.working)
    claimed = on(profile.claims, day)
    if claimed is not None and len(claimed.agencies) == 1:
        return Agencies(*claimed.agencies, *claimed.agencies)
    return NOWHERE
