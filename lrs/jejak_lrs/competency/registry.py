"""What institutions have decreed: rulesets, frameworks, alignments, accreditations, offerings.

Folded from registry records up to a position. Order-free: every look-up takes the greatest
(valid_from, occurred_at, statement_id) among what is in force, so records may be added in any
order, and twice. Registry events are superseded, never voided. Dates are Asia/Jakarta.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from jejak_lrs.competency.accreditation import Accreditation
from jejak_lrs.competency.days import FOREVER, end_of
from jejak_lrs.competency.decrees import Decree, Definition, decree, in_force
from jejak_lrs.competency.facts import Origin, Voice
from jejak_lrs.competency.frameworks import Frameworks, Under
from jejak_lrs.competency.memo import Kept, Memo
from jejak_lrs.competency.offerings import Offerings
from jejak_lrs.competency.ruleset import WEIGHED, BadRuleset, Ruleset, parse
from jejak_lrs.competency.succession import Succession
from jejak_lrs.competency.units import Units
from jejak_schemas import events
from jejak_schemas.events import Event

if TYPE_CHECKING:
    from jejak_lrs.competency.profile import Indicated

SUSPENDED: Final = "suspended"
OUTSIDE: Final = "outside-accreditation"
Reign = tuple[date, date, Ruleset]
Alignments = tuple[Decree[events.AlignmentPublished], ...]


class Registry:
    """Everything decreed so far. Grows by `add`; for one thread."""

    def __init__(self) -> None:
        self.position = -1
        self.edition = object()  # another one once anything is decreed that bears on folds before
        self._seen: set[UUID] = set()
        self._rulesets: list[Decree[Ruleset]] = []
        self._alignments: dict[str, list[Decree[events.AlignmentPublished]]] = defaultdict(list)
        self._aligned: dict[UUID, events.AlignmentPublished] = {}
        self._signers: dict[UUID, set[str]] = defaultdict(set)
        # By (standard, institution): nobody supersedes the standard of another.
        self._standards: dict[tuple[str, str], list[Decree[events.StandardPublished]]]
        self._standards = defaultdict(list)
        self._reigns: tuple[Reign, ...] | None = None
        # What evidence indicates by these rulesets, of patterns met before (levels.py).
        self.indicated: Kept[Hashable, tuple[Indicated, ...]] = Kept(WEIGHED)
        self._rules = Memo(self._ruled)
        self._in_force = Memo(self._aligned_in_force)
        self._taught_in_force = Memo(self._teaches)
        self._taught = Memo(self._competencies_taught)
        self._bars = Memo(self._bar)
        self.frameworks = Frameworks()
        self.offerings = Offerings()
        self.accreditation = Accreditation()
        self.succession = Succession()
        self.units = Units()

    # -- growing --------------------------------------------------------------------------

    def add(self, event: Event, position: int) -> bool:
        """Take in one record's event; whether it was a registry event that matters here."""
        self.position = max(self.position, position)
        take = self._TAKE.get(type(event))
        if take is None or event.event_id in self._seen:
            return take is not None
        self._seen.add(event.event_id)
        bears = self._may_bear(event)
        take(self, event, position)
        if bears:
            self._forget()
        return True

    def _may_bear(self, event: Event) -> bool:
        """Whether an event may change an answer about what was said, if that was given before.

        Most are new courses, which nobody can have named yet; no fold asks for standards or units.
        """
        if isinstance(event, events.OfferingPublished | events.OfferingWithdrawn):
            return self.offerings.may_have_been_asked(event.offering)
        return not isinstance(event, events.StandardPublished | events.UnitPublished)

    def _forget(self) -> None:
        self.edition = object()
        for memo in (self._rules, self._in_force, self._taught_in_force, self._taught, self._bars):
            memo.clear()

    def _offering(
        self, event: events.OfferingPublished | events.OfferingWithdrawn, position: int
    ) -> None:
        self.offerings.add(event, position)

    def _alignment(self, event: events.AlignmentPublished, _position: int) -> None:
        self._alignments[event.series].append(decree(event, event, event.valid_from))
        self._aligned[event.event_id] = event

    def _countersignature(self, event: events.AlignmentCountersigned, _position: int) -> None:
        self._signers[event.target].add(event.speaks_for)

    def _framework(self, event: events.FrameworkPublished, position: int) -> None:
        self.frameworks.add(event, position)

    def _ruleset(self, event: events.RulesetPublished, _position: int) -> None:
        try:
            rules = parse(event.document)
        except BadRuleset:
            return  # recorded, but nothing can be reckoned by it: it is never in force
        self._rulesets.append(decree(event, rules, event.valid_from))
        self._reigns = None
        self.indicated.clear()

    def _standard(self, event: events.StandardPublished, _position: int) -> None:
        ends = end_of(event.valid_until)
        key = (event.standard, event.speaks_for)
        self._standards[key].append(decree(event, event, event.valid_from, ends))

    def _accreditation(self, event: Event, _position: int) -> None:
        self.accreditation.add(event)

    def _restructured(self, event: events.AgencyRestructured, _position: int) -> None:
        self.succession.add(event)

    def _unit(self, event: events.UnitPublished, _position: int) -> None:
        self.units.add(event)

    # A later registry event is one row here.
    _TAKE: ClassVar[dict[type[Event], Callable[..., None]]] = {
        events.OfferingPublished: _offering,
        events.OfferingWithdrawn: _offering,
        events.AlignmentPublished: _alignment,
        events.AlignmentCountersigned: _countersignature,
        events.FrameworkPublished: _framework,
        events.RulesetPublished: _ruleset,
        events.ProviderAccredited: _accreditation,
        events.ProviderSuspended: _accreditation,
        events.AssessorAccredited: _accreditation,
        events.AssessorSuspended: _accreditation,
        events.StandardPublished: _standard,
        events.Genesis: _accreditation,
        events.PartyDeclared: _accreditation,
        events.PartySuspended: _accreditation,
        events.AgencyRestructured: _restructured,
        events.UnitPublished: _unit,
    }

    # -- asking ---------------------------------------------------------------------------

    def rulesets(self) -> tuple[Reign, ...]:
        """Each stretch of days [from, to) with the ruleset in force in it, in order."""
        if self._reigns is None:
            turns = sorted({one.starts for one in self._rulesets})
            spans = pairwise([*turns, FOREVER])
            ruled = ((start, end, self.rules_on(start)) for start, end in spans)
            self._reigns = tuple((a, b, rules) for a, b, rules in ruled if rules is not None)
        return self._reigns

    def rules_on(self, day: date) -> Ruleset | None:
        """The ruleset in force on a day; None before the first."""
        return self._rules[day]

    def _ruled(self, day: date) -> Ruleset | None:
        held = in_force(self._rulesets, day)
        return held.event if held else None

    def offering_on(self, offering: str | None, day: date) -> events.OfferingPublished | None:
        """The offering as published for a day; None: it is not, or not any more."""
        return self.offerings.on(offering, day)

    def series_of(self, origin: Origin) -> str | None:
        """The series of the offering that an event names."""
        offering = self.offering_on(origin.offering, origin.day)
        return offering.series if offering else None

    def alignment(
        self, series: str, competency: str, day: date
    ) -> Decree[events.AlignmentPublished] | None:
        """The countersigned alignment of a series to a competency in force on a day."""
        return self._in_force[series, competency, day]

    def taught(self, origin: Origin, competency: str | None) -> tuple[str | None, Alignments]:
        """The series that an event names, and its alignments in force to a competency.

        Without one to all to which the series is aligned, by IRI.
        """
        return self._taught_in_force[origin.offering, competency, origin.day]

    def _teaches(self, key: tuple[str | None, str | None, date]) -> tuple[str | None, Alignments]:
        offering, competency, day = key
        held = self.offering_on(offering, day)
        if held is None:
            return None, ()
        named = (competency,) if competency else self.competencies_of(held.series)
        found = (self.alignment(held.series, one, day) for one in named)
        return held.series, tuple(one for one in found if one is not None)

    def _aligned_in_force(
        self, key: tuple[str, str, date]
    ) -> Decree[events.AlignmentPublished] | None:
        series, competency, day = key
        return in_force(
            (
                one
                for one in self._alignments.get(series, ())
                if one.event.competency == competency and self._countersigned(one)
            ),
            day,
        )

    def competencies_of(self, series: str) -> tuple[str, ...]:
        """The competencies to which a series was ever aligned, in order of IRI."""
        return self._taught[series]

    def _competencies_taught(self, series: str) -> tuple[str, ...]:
        return tuple(sorted({one.event.competency for one in self._alignments.get(series, ())}))

    def _countersigned(self, alignment: Decree[events.AlignmentPublished]) -> bool:
        owner = self.frameworks.owner(alignment.event.competency)
        return owner is not None and owner in self._signers[alignment.statement_id]

    def competencies(self) -> list[str]:
        """Every competency of every framework, by IRI."""
        return self.frameworks.competencies()

    def definition(self, competency: str, day: date = date.max) -> Definition | None:
        """A competency as its owner defines it on a day, by default at last."""
        return self.frameworks.definition(competency, day)

    def counts_under(self, competency: str) -> tuple[Under, ...]:
        """Rule 12: under which competencies a competency counts, and from which day until which."""
        return self.frameworks.counts_under(competency)

    def roles_on(self, party: str, day: date) -> frozenset[str]:
        """The roles of a party on a day; empty where it has none or is unknown."""
        return self.accreditation.roles_on(party, day)

    def holders_of(self, role: str, day: date) -> list[str]:
        """Every party that holds a role on a day."""
        return self.accreditation.holders_of(role, day)

    def bar_of(self, origin: Origin) -> str | None:
        """Why what an institution said does not count: it was suspended, or not accredited."""
        return self._bars[origin.voice]

    def _bar(self, voice: Voice) -> str | None:
        accreditation = self.accreditation
        if accreditation.is_suspended(voice):
            return SUSPENDED
        return None if accreditation.may_teach(voice, self._form_of(voice)) else OUTSIDE

    def _form_of(self, voice: Voice) -> str | None:
        if voice.form is not None:
            return voice.form
        offering = self.offering_on(voice.offering, voice.day)
        return offering.form if offering else None

    def standards_on(self, day: date) -> list[Decree[events.StandardPublished]]:
        """Every institution's standards in force on a day, in their last versions, by IRI."""
        found = (in_force(self._standards[key], day) for key in sorted(self._standards))
        return [one for one in found if one is not None]

    def offerings_of(self, series: str) -> frozenset[str]:
        """Every offering ever published of a series."""
        return self.offerings.of_series(series)

    def series_aligned_to(self, competency: str) -> frozenset[str]:
        """Every series ever aligned to a competency."""
        return frozenset(
            one.series for one in self._aligned.values() if one.competency == competency
        )

    def alignment_named(self, statement_id: UUID) -> events.AlignmentPublished | None:
        """An alignment by its event id."""
        return self._aligned.get(statement_id)


REGISTRY_EVENTS: Final = frozenset(event.__name__ for event in Registry._TAKE)  # noqa: SLF001  its own
