"""What changed between two profiles of a person, or from one day to the next, as agencies are told.

Days are given (of a record: the Jakarta date on which it was stored), so that it needs no clock.
Each difference names its outgoing class and holds that class's own fields.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, ClassVar, Final, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from jejak_lrs.competency.lookups import certificates_on, on, programmes_on
from jejak_lrs.competency.profile import Asserted, Indicated, Profile, Standing
from jejak_lrs.competency.routing import Agencies

K = TypeVar("K")
V = TypeVar("V")
Span = Asserted | Indicated
Spans = Iterable[Span]
_STANDINGS: Final[dict[str, Callable[[Standing], Spans]]] = {
    "asserted": attrgetter("asserted"),
    "indicated": attrgetter("indicated"),
}


class Difference(Struct, frozen=True, gc=False):
    """One difference; subclasses are named after the classes of jejak_schemas.outgoing."""

    rule: ClassVar[str]  # which part of competency.md says so

    @property
    def kind(self) -> str:
        """The outgoing class."""
        return type(self).__name__

    @property
    def subject(self) -> str:
        """What differs: unique among the differences of one kind and version."""
        raise NotImplementedError

    def content(self) -> dict[str, Any]:
        """The class's own fields, as JSON values."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
        }


class LevelChanged(Difference, frozen=True):
    """The level of one competency, asserted or indicated."""

    competency: str
    standing: str
    before: int | None
    after: int | None
    valid_until: date | None
    rule: ClassVar[str] = "levels"

    @property
    def subject(self) -> str:
        """Competency and standing."""
        return f"{self.competency} {self.standing}"


class LearningHoursChanged(Difference, frozen=True):
    """The learning hours of a year, in 1/100 JP."""

    starts_on: date
    before: int
    after: int
    rule: ClassVar[str] = "jp-ledger"

    @property
    def subject(self) -> str:
        """The first day of the year: of the calendar, or of a PPPK's contract."""
        return self.starts_on.isoformat()


class CertificateChanged(Difference, frozen=True):
    """The state of a certificate."""

    certificate: str
    issuer: str
    before: str | None
    after: str
    valid_until: date | None
    rule: ClassVar[str] = "certificates"

    @property
    def subject(self) -> str:
        """The certificate's number and its issuer."""
        return f"{self.certificate} {self.issuer}"


class ProgrammeChanged(Difference, frozen=True):
    """The state in a programme and cohort."""

    programme: str
    cohort: str | None
    before: str | None
    after: str | None
    rule: ClassVar[str] = "programmes"

    @property
    def subject(self) -> str:
        """Programme and cohort."""
        return f"{self.programme} {self.cohort or ''}"


class PersonJoined(Difference, frozen=True):
    """The person now belongs to `after`."""

    before: str | None
    after: str
    rule: ClassVar[str] = "routing"

    @property
    def subject(self) -> str:
        """The agency joined."""
        return self.after


class PersonLeft(Difference, frozen=True):
    """The person no longer belongs to `before`; its profile topic needs a tombstone."""

    before: str
    after: str | None
    rule: ClassVar[str] = "routing"

    @property
    def subject(self) -> str:
        """The agency left."""
        return self.before


class ProfileRestated(Difference, frozen=True):
    """A rebuild came to another profile; `before` and `after` are digests."""

    before: str
    after: str
    rule: ClassVar[str] = "rebuild"

    @property
    def subject(self) -> str:
        """The profile as a whole."""
        return ""


class Seen(Struct, frozen=True, gc=False):
    """A profile on a day. A certificate is `expiring` so many days before its last."""

    profile: Profile
    day: date
    expiring: int = 0


def diff(before: Profile, after: Profile, on_date: date, expiring: int = 0) -> list[Difference]:
    """Every difference on a day, ordered by kind and subject; empty if nothing differs then."""
    return between(Seen(before, on_date, expiring), Seen(after, on_date, expiring))


def between(before: Seen, after: Seen) -> list[Difference]:
    """Every difference, also of one profile on two days; ordered by kind and subject."""
    same_day = (before.day, before.expiring) == (after.day, after.expiring)
    return [
        one
        for part, differences in _DIFFERENCES
        if not same_day or part(before.profile) != part(after.profile)
        for one in differences(before, after)
    ]


def moves(told: Agencies, now: Agencies) -> list[Difference]:
    """Who lost and who gained the person, against what agencies were told last."""
    if told == now:
        return []
    old, new = told.relations, now.relations
    left = [
        PersonLeft(agency, told.counterpart(agency, now)) for agency in sorted(old.keys() - new)
    ]
    joined = [
        PersonJoined(now.counterpart(agency, told), agency) for agency in sorted(new.keys() - old)
    ]
    return [*left, *joined]


def _pairs(before: Mapping[K, V], after: Mapping[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
    """What differs, per key, in the order of the keys' text."""
    differs = [key for key in {*before, *after} if before.get(key) != after.get(key)]
    for key in sorted(differs, key=repr):
        yield key, before.get(key), after.get(key)


def _levels(before: Seen, after: Seen) -> Iterator[Difference]:
    old, new = _standings(before.profile), _standings(after.profile)
    same_day = before.day == after.day
    # Of one day most are the very same, which spares the look.
    touched = [one for one in {*old, *new} if not (same_day and old.get(one) is new.get(one))]
    touched.sort(key=repr)
    for standing, spans in _STANDINGS.items():
        for competency in touched:
            was = _span_on(old.get(competency), spans, before.day)
            now = _span_on(new.get(competency), spans, after.day)
            level, until = (now.level, _last_day(now.ends)) if now else (None, None)
            if level != (was.level if was else None):
                yield LevelChanged(competency, standing, was.level if was else None, level, until)


def _standings(profile: Profile) -> dict[str, Standing]:
    """The standing in each competency, by its IRI."""
    return {one.competency: one for one in profile.competencies}


def _span_on(
    standing: Standing | None, spans: Callable[[Standing], Spans], day: date
) -> Span | None:
    """The one span that holds on the day."""
    return on(spans(standing), day) if standing else None


def _last_day(ends: date | None) -> date | None:
    return ends - timedelta(1) if ends else None


def _hours(before: Seen, after: Seen) -> Iterator[Difference]:
    for starts, old, new in _pairs(_sums(before.profile), _sums(after.profile)):
        yield LearningHoursChanged(starts, old or 0, new or 0)


def _sums(profile: Profile) -> dict[date, int]:
    """The hours per year, by its first day."""
    return {year.starts: year.jp for year in profile.hours.years}


def _certificates(before: Seen, after: Seen) -> Iterator[Difference]:
    held = (*before.profile.certificates, *after.profile.certificates)
    ends = {one.name: one.ends for one in held}
    for name, old, new in _pairs(_certificates_on(before), _certificates_on(after)):
        yield CertificateChanged(*name, old, new or "withdrawn", _last_day(ends[name]))


def _certificates_on(seen: Seen) -> dict[tuple[str, str], str]:
    return certificates_on(seen.profile, seen.day, seen.expiring)


def _programmes(before: Seen, after: Seen) -> Iterator[Difference]:
    old, new = programmes_on(before.profile, before.day), programmes_on(after.profile, after.day)
    for (programme, cohort), was, now in _pairs(old, new):
        yield ProgrammeChanged(programme, cohort, was, now)


_DIFFERENCES: Final[
    tuple[tuple[Callable[[Profile], object], Callable[[Seen, Seen], Iterator[Difference]]], ...]
] = (
    (attrgetter("competencies"), _levels),
    (attrgetter("hours.years"), _hours),
    (attrgetter("certificates"), _certificates),
    (attrgetter("programmes"), _programmes),
)
