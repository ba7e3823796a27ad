"""The JP ledger: learning hours per activity and year, in 1/100 JP, floored once.

Source: competency.md, "JP ledger"; figures are ruleset data. The ruleset is the one in force on
occurred_at's date. Accreditation and voids were judged before.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct

from jejak_lrs.competency.crediting import Figure, Figures
from jejak_lrs.competency.days import end_of, months_later
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
    awards: Iterable[Award],
    words: Sequence[Word],
    registry: Registry,
) -> Hours:
    """The JP ledger of one person's standing activities."""
    same = _same_registration(awards)
    worth: list[_Worth] = []
    nothing: list[tuple[Activity, str]] = []
    for done in sorted(activities, key=lambda one: one.origin.order):
        found = _worth(done, registry, same)
        if isinstance(found, _Worth):
            worth.append(found)
        else:
            nothing.append((done, found))
    kept = _first_of_each(worth, nothing)
    kept = _without_credited_courses(kept, same, nothing)
    kept = _within_month(kept, nothing)
    return Hours(
        credits=tuple(_credited(one) for one in kept),
        uncredited=tuple(_uncredited(done, why) for done, why in sorted(nothing, key=_by_order)),
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


def _worth(done: Activity, registry: Registry, same: Callable[[UUID], UUID]) -> _Worth | str:
    """The hours of one activity, or why there are none."""
    rules = registry.rules_on(done.origin.day)
    form = done.origin.form
    if rules is None:
        return NO_RULESET
    if form is None:
        return NO_FORM
    for figures, once in _by_figure(done, form, rules, same):
        figure = figures.figure(form)
        if figure is not None:
            if done.origin.event not in figures.events:
                return OTHER_EVENT
            cap = rules.hours.per_session.a_month if figures is rules.hours.per_session else None
            return _Worth(done, form, _figure(figure, done), once, cap)
    return _as_programmed(done, form, rules, registry, same)


def _by_figure(
    done: Activity, form: str, rules: Ruleset, same: Callable[[UUID], UUID]
) -> Iterator[tuple[Figures, Hashable]]:
    """Each table of figures, with what its credit is given once for."""
    yield rules.hours.per_day, ("day", form, done.on)
    yield rules.hours.per_session, ("session", done.origin.statement_id)
    yield rules.hours.per_activity, _activity_key(done, form, same)


def _figure(figure: Figure, done: Activity) -> int:
    return figure.international if done.international else figure.national


def _as_programmed(
    done: Activity, form: str, rules: Ruleset, registry: Registry, same: Callable[[UUID], UUID]
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


def _activity_key(done: Activity, form: str, same: Callable[[UUID], UUID]) -> Hashable:
    """(registration, form), without registration (activity, date): credited once."""
    if done.registration is not None:
        return ("registration", same(done.registration), form)
    return ("activity", done.activity, done.on)


def _same_registration(awards: Iterable[Award]) -> Callable[[UUID], UUID]:
    """Registrations whose certificates bear the same number are the same activity.

    A number issued anew stands for the one that it replaces.
    """
    parent: dict[UUID, UUID] = {}

    def root(one: UUID) -> UUID:
        while (above := parent.get(one, one)) != one:
            one = above
        return one

    first: dict[str, UUID] = {}
    for award in awards:
        if award.registration is None:
            continue
        for number in filter(None, (award.number, award.replaces)):
            low, high = sorted((root(first.setdefault(number, award.registration)),
                                root(award.registration)))  # fmt: skip
            parent[high] = low
    return root


# -- of several, the earliest ---------------------------------------------------------------


def _first_of_each(worth: list[_Worth], nothing: list[tuple[Activity, str]]) -> list[_Worth]:
    """One credit per key: the earliest. A programme never takes a course's place."""
    kept: dict[Hashable, _Worth] = {}
    for one in sorted(worth, key=lambda one: (_is_programme(one), *one.done.origin.order)):
        if one.once not in kept:
            kept[one.once] = one
            continue
        after_course = _is_programme(one) and not _is_programme(kept[one.once])
        nothing.append((one.done, COURSE_CREDITED if after_course else REPEATED))
    return sorted(kept.values(), key=lambda one: one.done.origin.order)


def _is_programme(one: _Worth) -> bool:
    return one.done.origin.event == _PROGRAMME


def _without_credited_courses(
    kept: list[_Worth], same: Callable[[UUID], UUID], nothing: list[tuple[Activity, str]]
) -> list[_Worth]:
    """A programme counts only if no course of its registration was credited."""
    credited = {
        same(one.done.registration)
        for one in kept
        if one.done.origin.event == _COURSE and one.done.registration is not None
    }
    result = []
    for one in kept:
        registration = one.done.registration
        if _is_programme(one) and registration is not None and same(registration) in credited:
            nothing.append((one.done, COURSE_CREDITED))
        else:
            result.append(one)
    return result


def _within_month(kept: list[_Worth], nothing: list[tuple[Activity, str]]) -> list[_Worth]:
    """The first sessions of each month, coaching and mentoring together."""
    held: dict[tuple[int, int], int] = defaultdict(int)
    result = []
    for one in kept:
        month = (one.done.on.year, one.done.on.month)
        if one.month_cap is not None:
            held[month] += 1
            if held[month] > one.month_cap:
                nothing.append((one.done, MONTH_FULL))
                continue
        result.append(one)
    return result


# -- years ----------------------------------------------------------------------------------


def _years(kept: Sequence[_Worth], words: Sequence[Word]) -> tuple[Year, ...]:
    """The sum per year: of the calendar, or of a PPPK's contract."""
    sums: dict[tuple[date, date], int] = defaultdict(int)
    kinds: dict[tuple[date, date], str | None] = {}
    flags: dict[tuple[date, date], set[str]] = defaultdict(set)
    for one in sorted(kept, key=lambda one: (one.done.on, *one.done.origin.order)):
        posting = posting_on(words, one.done.on)
        year, flag = year_of(one.done.on, posting)
        sums[year] += one.jp
        kinds[year] = posting.employment if posting else kinds.get(year)
        flags[year] |= {flag} if flag else set()
    return tuple(
        Year(
            starts=year[0], ends=year[1], jp=sums[year], kind=kinds[year],
            flags=tuple(sorted(flags[year])),
        )
        for year in sorted(sums)
    )  # fmt: skip


def year_of(day: date, posting: Posting | None) -> tuple[tuple[date, date], str | None]:
    """The year [from, to) that a day lies in, and what is doubtful about it."""
    calendar = (date(day.year, 1, 1), end_of(date(day.year, 12, 31)))
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
