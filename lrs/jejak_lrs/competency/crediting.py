"""The part of a ruleset that says how activities become learning hours, in 1/100 JP."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from jejak_lrs.competency.sourced import Sourced, Table


class International(Table):
    """Hours of international activities as programmed: times / over, floored once."""

    times: Annotated[int, Field(ge=0)]
    over: Annotated[int, Field(ge=1)]
    except_forms: tuple[str, ...]


class Figure(Table):
    """Learning hours of one form of learning, in 1/100 JP."""

    form: str
    national: Annotated[int, Field(ge=0)]
    international: Annotated[int, Field(ge=0)]


class Figures(Sourced):
    """Forms credited by a fixed figure, and the events that earn it."""

    events: tuple[str, ...]
    forms: tuple[Figure, ...]


class PerSession(Figures):
    """A figure a session, for the first `a_month` sessions of a month."""

    a_month: Annotated[int, Field(ge=0)]


class Minimum(Sourced):
    """The least a PNS must learn in a calendar year, in 1/100 JP."""

    minimum: Annotated[int, Field(ge=0)]


class Ceiling(Sourced):
    """The most a PPPK learns in a contract year, in 1/100 JP; shown when passed."""

    ceiling: Annotated[int, Field(ge=0)]
    exempt_position_classes: tuple[str, ...]


class Hours(Sourced):
    """How activities become learning hours."""

    international: International
    per_day: Figures
    per_session: PerSession
    per_activity: Figures
    pns: Minimum
    pppk: Ceiling

    def figures(self, form: str) -> tuple[Figures, Figure] | None:
        """The table that credits a form by a figure, with that; None: it is as programmed."""
        return self._by_form.get(form)

    @cached_property
    def _by_form(self) -> dict[str, tuple[Figures, Figure]]:
        tables = (self.per_activity, self.per_session, self.per_day)  # the last one holds
        return {row.form: (table, row) for table in tables for row in reversed(table.forms)}
