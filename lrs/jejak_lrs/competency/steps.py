"""The part of a ruleset that says which states a programme has, and what enters them.

docs/programmes.md has the rule, `jejak_lrs.competency.milestones` follows it.
"""

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from jejak_lrs.competency.sourced import Sourced, Table
from jejak_schemas.wire import Code

OTHER: Final = "other"  # the programme whose steps those take that are not listed


class Entry(Table):
    """An event that enters a state, where it says the same of whatever is given (None: any).

    `about` is what an enrolment is of. `last`: it takes back the enrolment that it names, and
    enters the state only where no other enrolment stands.
    """

    event: str
    stage: str | None = None
    outcome: str | None = None
    scope: str | None = None
    about: Literal["course", "programme"] | None = None
    last: bool = False


class Step(Table):
    """A state of a programme; a code, because agencies are told it (outgoing.ProgrammeChanged).

    `rank` orders the states, also between rulesets. `end`: a drop-out or failure, left only by a
    state that may be entered `again`.
    """

    rank: Annotated[int, Field(ge=1, le=1_000)]
    state: Code
    by: Annotated[tuple[Entry, ...], Field(min_length=1)]
    end: bool = False
    again: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.end and self.again:
            raise ValueError("an end cannot be entered again")
        if not self.end and any(entry.last for entry in self.by):
            raise ValueError("only an end can wait for the last enrolment")
        return self


def _ranked(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if any(one.rank >= other.rank for one, other in pairwise(steps)):
        raise ValueError("the ranks do not rise")
    if len({step.state for step in steps}) < len(steps):
        raise ValueError("a state stands twice")
    return steps


class Programmes(Sourced):
    """The states of each programme, in order, and what some states are the outcome of."""

    outcomes: dict[str, Code]
    of: dict[str, Annotated[tuple[Step, ...], AfterValidator(_ranked)]]

    def steps(self, programme: str) -> tuple[Step, ...]:
        """The steps of a programme; those of `other` where it is not listed."""
        return self.of.get(programme) or self.of.get(OTHER, ())

    @cached_property
    def _ways(self) -> dict[str, dict[str, tuple[tuple[Step, Entry], ...]]]:
        return {code: _by_event(steps) for code, steps in self.of.items()}

    def ways(self, programme: str, event: str) -> tuple[tuple[Step, Entry], ...]:
        """The steps of a programme that name an event, with the entries that do."""
        listed = self._ways.get(programme) or self._ways.get(OTHER, {})
        return listed.get(event, ())


def _by_event(steps: tuple[Step, ...]) -> dict[str, tuple[tuple[Step, Entry], ...]]:
    found: dict[str, tuple[tuple[Step, Entry], ...]] = {}
    for step in steps:
        for entry in step.by:
            found[entry.event] = (*found.get(entry.event, ()), (step, entry))
    return found
