"""A small world to state worked examples in: institutions, offerings, one person, events.

Everything has a default, so that an example names only what it is about.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from jejak_lrs.competency import ruleset
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Fact
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.registry import Registry
from jejak_schemas import events
from jejak_schemas.events import Event
from jejak_schemas.parts import (
    Activity,
    Certificate,
    Competency,
    FrameworkCompetency,
    Institution,
    PersonRef,
    Requirement,
)

PERSON = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000001"))
ASSESSOR = PersonRef(person_id=UUID("01900000-0000-7000-8000-0000000000aa"))
BASE = "https://contoh.id/"
INTEGRITY = BASE + "M.01"
TEAMWORK = BASE + "M.02"
NAME = {"id": "Pelatihan"}
ACTIVITY = Activity(id=BASE + "kursus", name=NAME)


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """A UTC moment; a bare date is 09:00 in Jakarta on that day."""
    stamp = text if "T" in text else text + "T02:00:00"
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def event(of: type[Event], on: str, **fields: Any) -> Any:
    """An event of a class, at a day or moment, by `prov` unless said otherwise."""
    fields.setdefault("party", "prov")
    if "learner" in of.model_fields:
        fields.setdefault("learner", PERSON)
    return of(occurred_at=moment(on), **fields)


# -- registry ---------------------------------------------------------------------------


def rules(document: str = "", valid_from: str = "2015-01-01", version: str = "2026.1") -> Event:
    text = document or ruleset.shipped()
    return event(
        events.RulesetPublished, valid_from, party="lan", version=version,
        valid_from=day(valid_from), document=text,
    )  # fmt: skip


def document(*changes: tuple[str, str]) -> str:
    """The shipped ruleset, with other words for some of it, each of which it has."""
    text = ruleset.shipped()
    for was, now in changes:
        assert was in text, was
        text = text.replace(was, now)
    return text


def genesis() -> Event:
    roles: list[tuple[str, tuple[Any, ...]]] = [
        ("lan", ("lan", "provider")), ("bkn", ("bkn",)), ("panrb", ("panrb",)),
        ("prov", ("provider",)), ("lain", ("provider",)), ("pusat", ("assessor",)),
        ("balai", ("assessor",)), ("2060", ("agency",)), ("4011", ("agency",)),
    ]  # fmt: skip
    return event(
        events.Genesis, "2015-01-01", party="jejak", epoch=uuid7(),
        institutions=tuple(Institution(code=c, name=c, roles=r) for c, r in roles),
    )  # fmt: skip


def framework(*ids: str, on: str = "2015-01-01", version: str = "1", party: str = "panrb",
              equivalents: tuple[str, ...] = (), kind: str = "managerial") -> Event:  # fmt: skip
    defined = tuple(
        FrameworkCompetency(
            id=iri, kind=kind, code="M.01", name={"id": "Integritas", "en": "Integrity"},
            equivalents=equivalents,
        )
        for iri in ids or (INTEGRITY, TEAMWORK)
    )  # fmt: skip
    return event(
        events.FrameworkPublished, on, party=party, framework=BASE + "kamus" + version,
        version=version, name=NAME, valid_from=day(on), competencies=defined,
    )  # fmt: skip


def offering(name: str = "a", *, jp: int = 2000, form: str = "3", on: str = "2015-01-01",
             party: str = "prov") -> Event:  # fmt: skip
    """Offering `name` of series `name`."""
    return event(
        events.OfferingPublished, on, party=party, offering=BASE + "o/" + name,
        series=BASE + "s/" + name, name=NAME, form=form, jp=jp, starts_on=day(on), ends_on=day(on),
    )  # fmt: skip


def aligned(name: str = "a", level: int = 4, competency: str = INTEGRITY,
            valid_from: str = "2015-01-01", signer: str = "panrb") -> list[Event]:  # fmt: skip
    """A series aligned to a competency, and countersigned."""
    published = event(
        events.AlignmentPublished, valid_from, series=BASE + "s/" + name, competency=competency,
        level=level, valid_from=day(valid_from),
    )  # fmt: skip
    signed = event(
        events.AlignmentCountersigned, "2026-01-01", party=signer, target=published.event_id
    )
    return [published, signed]


def accredited(provider: str = "prov", since: str = "2015-01-01", until: str | None = None,
               forms: tuple[str, ...] = ()) -> Event:  # fmt: skip
    return event(
        events.ProviderAccredited, since, party="lan", provider=provider, valid_from=day(since),
        valid_until=day(until) if until else None, forms=forms,
    )  # fmt: skip


def assessor_accredited(assessor: str = "pusat", kinds: tuple[str, ...] = ("managerial",),
                        classes: tuple[str, ...] = ("pengawas",), since: str = "2015-01-01",
                        until: str | None = None) -> Event:  # fmt: skip
    return event(
        events.AssessorAccredited, since, party="bkn", assessor=assessor, competency_kinds=kinds,
        position_classes=classes, valid_from=day(since), valid_until=day(until) if until else None,
    )  # fmt: skip


def provider_suspended(provider: str = "prov", since: str = "2024-01-01",
                       until: str | None = None, on: str = "") -> Event:  # fmt: skip
    return event(
        events.ProviderSuspended, on or since, party="lan", provider=provider, reason="mutu",
        valid_from=day(since), valid_until=day(until) if until else None,
    )  # fmt: skip


def assessor_suspended(assessor: str = "pusat", since: str = "2024-01-01",
                       until: str | None = None) -> Event:  # fmt: skip
    return event(
        events.AssessorSuspended, since, party="bkn", assessor=assessor, reason="mutu",
        valid_from=day(since), valid_until=day(until) if until else None,
    )  # fmt: skip


def party_suspended(code: str = "prov", since: str = "2024-01-01",
                    until: str | None = None) -> Event:  # fmt: skip
    return event(
        events.PartySuspended, since, party="jejak", code=code, reason="mutu",
        valid_from=day(since), valid_until=day(until) if until else None,
    )  # fmt: skip


def withdrawn(name: str = "a", on: str = "2024-01-01", party: str = "prov") -> Event:
    """The offering of series `name` is withdrawn."""
    return event(
        events.OfferingWithdrawn, on, party=party, offering=BASE + "o/" + name, reason="batal"
    )


def standard(level: int = 3, position_class: str | None = "pengawas", position: str | None = None,
             party: str = "panrb", competencies: tuple[str, ...] = (INTEGRITY,),
             since: str = "2015-01-01", name: str = "nasional") -> Event:  # fmt: skip
    return event(
        events.StandardPublished, since, party=party, standard=BASE + "standar/" + name,
        position_class=position_class, position=position, valid_from=day(since),
        requirements=tuple(Requirement(competency=iri, level=level) for iri in competencies),
    )  # fmt: skip


def usual() -> list[Event]:
    """Rules, framework, two accredited providers with two aligned series each, two assessors."""
    decreed = [rules(), genesis(), framework()]
    for provider, series in (("prov", ("a", "b")), ("lain", ("c", "d"))):
        decreed.append(accredited(provider))
        for name in series:
            decreed += [offering(name, party=provider), *aligned(name)]
    return [*decreed, assessor_accredited(), assessor_accredited("balai")]


def restructured(before: str, *after: str, since: str) -> Event:
    return event(
        events.AgencyRestructured, since, party="panrb", before=before, after=after,
        valid_from=day(since),
    )  # fmt: skip


# -- one person -------------------------------------------------------------------------


def registered(since: str = "2015-01-01", **fields: Any) -> Event:
    posting = {
        "party": "bkn", "person": PERSON, "home_agency": "2060", "working_agency": "2060",
        "position_class": "pengawas", "kind": "PNS", "valid_from": day(since),
    }  # fmt: skip
    kind = fields.pop("of", events.PersonRegistered)
    return event(kind, since, **(posting | fields))


def moved(since: str, **fields: Any) -> Event:
    return registered(since, of=events.PersonMoved, **fields)


def separated(since: str, reason: str = "retired", **fields: Any) -> Event:
    given = {"party": "bkn", "person": PERSON, "reason": reason, "valid_from": day(since)}
    return event(events.PersonSeparated, since, **(given | fields))


def rostered(agency: str, since: str, until: str | None = None, said: str = "",
             **fields: Any) -> Event:  # fmt: skip
    """An agency's claim, told on day `said`."""
    given = {
        "person": PERSON,
        "valid_from": day(since),
        "valid_until": day(until) if until else None,
    }
    return event(events.RosterDeclared, said or since, party=agency, **(given | fields))


def merged(stays: PersonRef, absorbed: PersonRef, on: str = "2025-06-01") -> Any:
    return event(events.PersonMerged, on, party="bkn", person=stays, absorbed=absorbed)


def split(merge: Event, on: str = "2026-06-01", stays: PersonRef = PERSON) -> Any:
    return event(events.PersonSplit, on, party="bkn", person=stays, target=merge.event_id)


def _trained(kind: type[Event], on: str, series: str | None, level: int | None,
             competency: str | None, fields: dict[str, Any]) -> Any:  # fmt: skip
    """Training under offering `series`; `competency` None names none."""
    named = () if competency is None else (Competency(id=competency, claimed_level=level),)
    given = {"offering": BASE + "o/" + series if series else None, "competencies": named}
    if "activity" in kind.model_fields:
        given["activity"] = ACTIVITY
    return event(kind, on, **(given | fields))


def course(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.CourseCompleted, on, series, level, competency, fields)


def passed(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.AssessmentPassed, on, series, level, competency, fields)


def visit(on: str, series: str | None = "a", level: int | None = 4,
          competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(
        events.FieldVisitAttended, on, series, level, competency, {"host": "Desa"} | fields
    )


def joined(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.ProjectJoined, on, series, level, competency, fields)


def evaluated(on: str, series: str | None = "a", level: int | None = 4,
              competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    given = {"stage": "result", "outcome": "delivered"} | fields
    return _trained(events.ProjectEvaluated, on, series, level, competency, given)


def certificate(on: str, series: str | None = "a", level: int | None = 4,
                competency: str | None = INTEGRITY, number: str = "S-1",
                until: str | None = None, **fields: Any) -> Any:  # fmt: skip
    paper = Certificate(
        number=number, issued_on=moment(on).date(), valid_until=day(until) if until else None
    )
    return _trained(
        events.CertificateEarned, on, series, level, competency, {"certificate": paper} | fields
    )


def assessed(on: str, level: int = 4, competency: str = INTEGRITY, party: str = "pusat",
             until: str | None = None, **fields: Any) -> Any:  # fmt: skip
    return event(
        events.CompetencyAssessed, on, party=party, competency=competency, level=level,
        method="assessment-centre", valid_until=day(until) if until else None, **fields,
    )  # fmt: skip


def coached(on: str, **fields: Any) -> Any:
    return event(events.CoachingHeld, on, **({"coach": ASSESSOR, "form": "14"} | fields))


def finished(on: str, programme: str = "reformer-academy", **fields: Any) -> Any:
    return event(events.ProgrammeCompleted, on, programme=programme, **fields)


def attended(on: str, series: str | None = "a", level: int | None = 4,
             competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.SessionAttended, on, series, level, competency, fields)


def failed(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.AssessmentFailed, on, series, level, competency, fields)


def logged(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    """Learning alone, logged by the agency unless said otherwise."""
    given = {"party": "2060"} | fields
    return _trained(events.SelfLearningLogged, on, series, level, competency, given)


def verified(claim: Event, on: str = "2026-06-01", party: str = "2060",
             verifier: PersonRef = ASSESSOR, **fields: Any) -> Any:  # fmt: skip
    return event(
        events.ClaimVerified, on, party=party, target=claim.event_id, verifier=verifier, **fields
    )


def shared(on: str, series: str | None = "a", level: int | None = 4,
           competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    return _trained(events.CommunityContributed, on, series, level, competency, fields)


def seconded(on: str, series: str | None = "a", level: int | None = 4,
             competency: str | None = INTEGRITY, **fields: Any) -> Any:  # fmt: skip
    given = {"party": "2060", "host": "Kabupaten"} | fields
    return _trained(events.SecondmentCompleted, on, series, level, competency, given)


def reissued(on: str, number: str = "S-2", replaces: str = "S-1", until: str | None = None,
             **fields: Any) -> Any:  # fmt: skip
    paper = Certificate(
        number=number, issued_on=moment(on).date(), valid_until=day(until) if until else None
    )
    return event(events.CertificateReissued, on, certificate=paper, replaces=replaces, **fields)


def recalled(number: str = "S-1", since: str = "2024-06-01", issuer: str | None = None,
             on: str = "2025-01-01", **fields: Any) -> Any:  # fmt: skip
    """A certificate revoked."""
    return event(
        events.CertificateRevoked, on, number=number, effective_on=day(since), reason="salah",
        issuer=issuer, **fields,
    )  # fmt: skip


def stated(on: str, level: int = 4, competency: str = INTEGRITY, party: str = "2060",
           until: str | None = None, **fields: Any) -> Any:  # fmt: skip
    """A level asserted on another basis than an assessment."""
    return event(
        events.CompetencyAsserted, on, party=party, competency=competency, level=level,
        basis="jabatan-fungsional", valid_until=day(until) if until else None, **fields,
    )  # fmt: skip


def revoked(target: Event, since: str = "2024-06-01", party: str = "pusat",
            competency: str = INTEGRITY, on: str = "2025-01-01", **fields: Any) -> Any:  # fmt: skip
    """A level revoked."""
    return event(
        events.CompetencyRevoked, on, party=party, competency=competency,
        target=target.event_id, effective_on=day(since), reason="salah", **fields,
    )  # fmt: skip


def voided(target: Event, on: str = "2026-06-01", party: str = "prov", **fields: Any) -> Any:
    return event(
        events.StatementVoided, on, party=party, target=target.event_id, reason="salah", **fields
    )


def erased(*positions: int, on: str = "2026-06-01") -> Any:
    """An order to erase what is at these positions."""
    return event(events.ErasureOrdered, on, party="jejak", target=uuid7(), positions=positions,
                 ordered_by="2060")  # fmt: skip


# -- folding ----------------------------------------------------------------------------


def facts(happened: Iterable[Event]) -> list[Fact]:
    return [
        fact
        for number, one in enumerate(happened)
        for fact in facts_of(one, 1_000 + number, one.event_id)
    ]


def registry(decreed: Iterable[Event]) -> Registry:
    known = Registry()
    for position, one in enumerate(decreed):
        known.add(one, position)
    return known


def profile(*happened: Event, decreed: Iterable[Event] | None = None) -> Profile:
    """The profile of a registered person to whom this happened."""
    known = registry(usual() if decreed is None else decreed)
    return assess(facts([registered(), *happened]), known)


def indicated(of: Profile, on: str, competency: str = INTEGRITY) -> int | None:
    found = levels_on(of, day(on)).get(competency)
    return found.indicated if found else None


def asserted(of: Profile, on: str, competency: str = INTEGRITY) -> int | None:
    found = levels_on(of, day(on)).get(competency)
    return found.asserted if found else None


def disputed(of: Profile, on: str, competency: str = INTEGRITY) -> bool:
    found = levels_on(of, day(on)).get(competency)
    return found is not None and found.disputed
