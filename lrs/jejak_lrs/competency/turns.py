"""When a profile turns: the days on which a look-up of it may give something else than before.

A profile is intervals of days, so its turns stand in it. On such a day nothing is reckoned anew.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from jejak_lrs.competency.diff import Seen
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import Ruleset

if TYPE_CHECKING:
    from jejak_lrs.competency.lookups import Dated


def next_turn(profile: Profile, after: date, registry: Registry) -> date | None:
    """The first day after `after` on which something begins or ends; None: there is none."""
    spans: list[Dated] = [*profile.certificates, *profile.postings, *profile.claims]
    for standing in profile.competencies:
        spans += standing.asserted
        spans += standing.indicated
    for enrolment in profile.programmes:
        spans += enrolment.states
    days = [one.starts for one in spans]
    days += [one.ends for one in spans if one.ends is not None]
    for certificate in profile.certificates:
        if certificate.ends is not None:
            days += _warnings(certificate.ends, registry)
    return min([day for day in days if day > after], default=None)


def seen(profile: Profile, day: date, registry: Registry) -> Seen:
    """A profile as agencies are told it on a day."""
    rules = registry.rules_on(day)
    return Seen(profile, day, _expiring(rules) if rules else 0)


def _warnings(ends: date, registry: Registry) -> Iterator[date]:
    """When a certificate begins to be called expiring, by each ruleset in its days."""
    for start, end, rules in registry.rulesets():
        first = max(start, ends - timedelta(_expiring(rules)))
        if first < end:
            yield first


def _expiring(rules: Ruleset) -> int:
    return rules.announcements.expiring_within_days
