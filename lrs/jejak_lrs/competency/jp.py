"""The JP ledger: learning hours per activity and year, in 1/100 JP, floored once.

Source: competency.md, "JP ledger"; figures are ruleset data. The ruleset is the one in force on
occurred_at's date. Accreditation and voids were judged before.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct

from jejak_lrs.competency.days import calendar_year, months_later
from jejak_lrs.competency.facts import Activity, Award, Posting
from jejak_lrs.competency.postings import Word, posting_on
from jejak_lrs.competency.profile import Credited, Hours, Uncredited, Year
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Ruleset

# Why an activity is worth nothing.
NO_FORM: Final = "form-absent"
NO_OFFERING: Final = "nothing-to-be-programmed-by"
OTHER_EVENT: Final = "form-not-earned-by-this-event"
NO_RULESET: Final = "no-ruleset"
REPEATED: Final = "credited-already"
MONTH_FULL: Final = "month-full"
COURSE_CREDITED: Final = "course-credited"

# Flags of a year.
KIND_UNKNOWN: Final = "kind-unknown"
CONTRACT_UNKNOWN: Final = "contract-start-unknown"

_COURSE: Final = "CourseCompleted"
_PROGRAMME: Final = "ProgrammeCompleted"


class _Worth(Struct, frozen=True, gc=False):
    """An activity that may be credited: hours, and what it may be credited once for."""

    done: Activity
    form: str
    jp: int
    once: Hashable
    month_cap: int | None = None


def hours(
    activities: Sequence[Activity],
    same: Mapping[UUID, UUID],
    words: Sequence[Word],
    registry: Registry,
) -> Hours:
    """The JP ledger of one person's standing activities, which come in order.

    `same` is what `same_registrations` says.
    """
    worth: list[_Worth] = []
    nothing: list[tuple[Activity, str]] = []
    for done in activities:
        found = _worth(done, registry, same)
        if isinstance(found, _Worth):
            worth.append(found)
        else:
            nothing.append((done, found))
    kept = _first_of_each(worth, nothing)
    kept = _without_credited_courses(kept, same, nothing)
    kept = _within_month(kept, nothing)
    return Hours(
        credits=tuple([_credited(one) for one in kept]),
        uncredited=tuple([_uncredited(done, why) for done, why in sorted(nothing, key=_by_order)]),
        years=_years(kept, words),
    )


def _credited(one: _Worth) -> Credited:
    statement = one.done.origin.statement_id
    return Credited(on=one.done.on, form=one.form, jp=one.jp, statement=statement)


def _uncredited(done: Activity, reason: str) -> Uncredited:
    return Uncredited(on=done.on, reason=reason, statement=done.origin.statement_id)


def _by_order(row: tuple[Activity, str]) -> tuple[object, ...]:
    return (*row[0].origin.order, row[1])


# -- what an activity is worth --------------------------------------------------------------


def _worth(done: Activity, registry: Registry, same: Mapping[UUID, UUID]) -> _Worth | str:
    """The hours of one activity, or why there are none."""
    rules = registry.rules_on(done.origin.day)
    form = done.origin.form
    if rules is None:
        return NO_RULESET
    if form is None:
        return NO_FORM
    found = rules.hours.figures(form)
    if found is None:
        return _as_programmed(done, form, rules, registry, same)
    figures, figure = found
    if done.origin.event not in figures.events:
        return OTHER_EVENT
    jp = figure.international if done.international else figure.national
    if figures is rules.hours.per_day:
        return _Worth(done, form, jp, ("day", form, done.on))
    if figures is rules.hours.per_session:
        once = ("session", done.origin.statement_id)
        return _Worth(done, form, jp, once, rules.hours.per_session.a_month)
    return _Worth(done, form, jp, ("figure", _activity_key(done, form, same)))


def _as_programmed(
    done: Activity, form: str, rules: Ruleset, registry: Registry, same: Mapping[UUID, UUID]
) -> _Worth | str:
    if done.origin.event not in (_COURSE, _PROGRAMME):
        return OTHER_EVENT
    offering = registry.offering_on(done.origin.offering, done.origin.day)
    if offering is None or offering.jp is None:
        return NO_OFFERING
    jp, abroad = offering.jp, rules.hours.international
    if done.international and form not in abroad.except_forms:
        jp = jp * abroad.times // abroad.over
    return _Worth(done, form, jp, _activity_key(done, form, same))


def _activity_key(done: Activity, form: str, same: Mapping[UUID, UUID]) -> Hashable:
    """(registration, form), without registration (activity, date): credited once."""
    if done.registration is not None:
        return ("registration", _one_of(done.registration, same), form)
    return ("activity", done.activity, done.on)


def same_registrations(awards: Iterable[Award]) -> dict[UUID, UUID]:
    """Registrations whose certificates bear the same number are the same activity: of which one.

    A number issued anew stands for the one that it replaces.
    """
    same: dict[UUID, UUID] = {}
    first: dict[str, UUID] = {}
    for award in awards:
        if award.registration is None:
            continue
        for number in filter(None, (award.number, award.replaces)):
            one = _one_of(first.setdefault(number, award.registration), same)
            other = _one_of(award.registration, same)
            if one != other:
                same[max(one, other)] = min(one, other)
    return same


def _one_of(registration: UUID, same: Mapping[UUID, UUID]) -> UUID:
    while (other := same.get(registration)) is not None:
        registration = other
    return registration


# -- of several, the earliest ---------------------------------------------------------------


def _first_of_each(worth: list[_Worth], nothing: list[tuple[Activity, str]]) -> list[_Worth]:
    """One credit per key: the earliest. A programme never takes a course's place."""
    kept: dict[Hashable, _Worth] = {}
    for one in sorted(worth, key=_is_programme):
        first = kept.setdefault(one.once, one)
        if first is not one:
            after_course = _is_programme(one) and not _is_programme(first)
            nothing.append((one.done, COURSE_CREDITED if after_course else REPEATED))
    return sorted(kept.values(), key=lambda one: one.done.origin.order)


def _is_programme(one: _Worth) -> bool:
    return one.done.origin.event == _PROGRAMME


def _without_credited_courses(
    kept: list[_Worth], same: Mapping[UUID, UUID], nothing: list[tuple[Activity, str]]
) -> list[_Worth]:
    """A programme counts only if no course of its registration was credited."""
    if not any(map(_is_programme, kept)):
        return kept
    credited = {
        _one_of(one.done.registration, same)
        for one in kept
        if one.done.origin.event == _COURSE and one.done.registration is not None
    }
    result = []
    for one in kept:
        registration = one.done.registration
        if (
            _is_programme(one)
            and registration is not None
            and _one_of(registration, same) in credited
        ):
            nothing.append((one.done, COURSE_CREDITED))
        else:
            result.append(one)
    return result


def _within_month(kept: list[_Worth], nothing: list[tuple[Activity, str]]) -> list[_Worth]:
    """The first sessions of each month, coaching and mentoring together."""
    held: dict[tuple[int, int], int] = defaultdict(int)
    result = []
    for one in kept:
        if one.month_cap is not None:
            month = (one.done.on.year, one.done.on.month)
            held[month] += 1
            if held[month] > one.month_cap:
                nothing.append((one.done, MONTH_FULL))
                continue
        result.append(one)
    return result


# -- years ----------------------------------------------------------------------------------


def _years(kept: Sequence[_Worth], words: Sequence[Word]) -> tuple[Year, ...]:
    """The sum per year: of the calendar, or of a PPPK's contract."""
    years: dict[tuple[date, date], list[tuple[int, Posting | None, str | None]]] = {}
    for one in sorted(kept, key=lambda one: one.done.on):
        posting = posting_on(words, one.done.on)
        year, flag = year_of(one.done.on, posting)
        years.setdefault(year, []).append((one.jp, posting, flag))
    return tuple([_year(year, credited) for year, credited in sorted(years.items())])


def _year(
    year: tuple[date, date], credited: Sequence[tuple[int, Posting | None, str | None]]
) -> Year:
    """Its kind is the last one known of those who were credited then."""
    kinds = [posting.employment for _, posting, _ in credited if posting]
    return Year(
        starts=year[0],
        ends=year[1],
        jp=sum([jp for jp, _, _ in credited]),
        kind=kinds[-1] if kinds else None,
        flags=tuple(sorted({flag for _, _, flag in credited if flag})),
    )


def year_of(day: date, posting: Posting | None) -> tuple[tuple[date, date], str | None]:
    """The year [from, to) that a day lies in, and what is doubtful about it."""
    calendar = calendar_year(day.year)
    if posting is None:
        return calendar, KIND_UNKNOWN
    if posting.employment != "PPPK":
        return calendar, None
    start = posting.contract_start
    if start is None or start > day:
        return calendar, CONTRACT_UNKNOWN
    run = day.year - start.year
    if months_later(start, run * 12) > day:
        run -= 1
    return (months_later(start, run * 12), months_later(start, run * 12 + 12)), None
