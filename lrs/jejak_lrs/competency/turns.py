"""When a profile turns: the days on which a look-up of it may give something else than before.

A profile is intervals of days, so its turns stand in it. On such a day nothing is reckoned anew.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from jejak_lrs.competency.diff import Seen
from jejak_lrs.competency.lookups import Dated
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Ruleset


def next_turn(profile: Profile, after: date, registry: Registry) -> date | None:
    """The first day after `after` on which something begins or ends; None: there is none."""
    return min([day for day in _turns(profile, registry) if day > after], default=None)


def seen(profile: Profile, day: date, registry: Registry) -> Seen:
    """A profile as agencies are told it on a day."""
    rules = registry.rules_on(day)
    return Seen(profile, day, _expiring(rules) if rules else 0)


def _turns(profile: Profile, registry: Registry) -> Iterator[date]:
    for standing in profile.competencies:
        yield from _edges(*standing.asserted, *standing.indicated)
    for enrolment in profile.programmes:
        yield from _edges(*enrolment.states)
    yield from _edges(*profile.certificates, *profile.postings, *profile.claims)
    for certificate in profile.certificates:
        if certificate.ends is not None:
            yield from _warnings(certificate.ends, registry)


def _edges(*spans: Dated) -> Iterator[date]:
    for span in spans:
        yield span.starts
        if span.ends is not None:
            yield span.ends


def _warnings(ends: date, registry: Registry) -> Iterator[date]:
    """When a certificate begins to be called expiring, by each ruleset in its days."""
    for start, end, rules in registry.rulesets():
        first = max(start, ends - timedelta(_expiring(rules)))
        if first < end:
            yield first


def _expiring(rules: Ruleset) -> int:
    return rules.announcements.expiring_within_days
