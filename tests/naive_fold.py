"""The fold once more, deliberately naive: written from the page alone, one day at a time.

Reads events, not facts. No intervals, no indexes, no cleverness: for a day D it asks each rule
anew. Only the registry's own events are told apart by where they stand (`Naive.said`), as the
ledger does: an IRI belongs to who published it first.
"""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from jejak_schemas.events import Event

CLASS = {
    "SessionAttended": "attendance",
    "FieldVisitAttended": "attendance",
    "CommunityContributed": "attendance",
    "CourseCompleted": "completion",
    "ProjectJoined": "completion",
    "SelfLearningLogged": "completion",
    "SecondmentCompleted": "completion",
    "ProjectEvaluated": "project",
    "AssessmentPassed": "test",
    "AssessmentFailed": "test",
    "CertificateEarned": "certificate",
    "CompetencyAssessed": "assessment-centre",
}
MAY_SAY = {  # roles beside provider and marketplace
    "ProjectJoined": {"agency"},
    "ProjectEvaluated": {"agency", "lan"},
    "CoachingHeld": {"agency", "lan"},
    "ProgrammeCompleted": {"lan"},
    "CandidateSelected": {"agency", "lan"},
    "CandidateNotSelected": {"agency", "lan"},
    "LearnerDismissed": {"lan"},
    "ProgrammeFailed": {"lan"},
    "SelfLearningLogged": {"agency"},
    "ProjectSubmitted": {"agency"},
    "CertificateRevoked": {"lan"},
    "StatementVoided": {"agency", "assessor", "lan", "bkn", "panrb", "anri", "bappenas"},
}
NEEDS_NOBODY = {  # said by institutions that no LAN accredits
    "CompetencyAssessed", "CompetencyAsserted", "CompetencyRevoked", "ClaimVerified",
    "SecondmentStarted", "SecondmentCompleted", "CandidateNominated", "LearningWaived",
    "ImpactEvaluated", "NeedIdentified", "PlanApproved",
}  # fmt: skip
PER_DAY = {"4": (500, 700), "9": (400, 600), "22": (200, 200), "23": (200, 200)}
PER_ACTIVITY = {"10": 2000, "18": 2000, "20": 1000, "21": 2000}
PER_SESSION = {"14", "15"}
PROGRAMME = "https://w3id.org/jejak/types/programme"


@cache
def numbers(document: str) -> dict[str, Any]:
    return tomllib.loads(document)


def jakarta(event: Event) -> date:
    return (event.occurred_at + timedelta(hours=7)).date()


def plus_months(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError


def provider(event: Event) -> str:
    return event.on_behalf_of or event.party


class Naive:
    """All that was said, in any order."""

    def __init__(self, said: Iterable[Event], told: Iterable[Event] = ()) -> None:
        self.said = sorted({one.event_id: one for one in said}.values(),
                           key=lambda one: (one.occurred_at, one.event_id))  # fmt: skip
        self.told = list(told) or self.said
        self._pieces: dict[str, list[dict[str, Any]]] = {}

    def of(self, *names: str) -> list[Any]:
        return [one for one in self.said if type(one).__name__ in names]

    # -- the registry ---------------------------------------------------------------------

    def rules(self, day: date) -> dict[str, Any] | None:
        best = None
        for one in self.of("RulesetPublished"):
            if one.valid_from <= day and (best is None or one.valid_from >= best.valid_from):
                best = one
        return numbers(best.document) if best else None

    def roles(self, party: str) -> set[str]:
        return {
            role for one in self.of("Genesis") for institution in one.institutions
            if institution.code == party for role in institution.roles
        }  # fmt: skip

    def first_publisher(self, kind: str, iri: str) -> str | None:
        """Whose an IRI is: by the order in which things were told, not by what they say."""
        for one in self.told:
            if type(one).__name__ != kind:
                continue
            named = [one.offering] if kind == "OfferingPublished" else [
                entry.id for entry in one.competencies
            ]  # fmt: skip
            if iri in named:
                return provider(one)
        return None

    def offering(self, event: Any) -> Any:
        if not getattr(event, "offering", None):
            return None
        owner = self.first_publisher("OfferingPublished", event.offering)
        words = [
            one for one in self.of("OfferingPublished", "OfferingWithdrawn")
            if one.offering == event.offering and provider(one) == owner
        ]  # fmt: skip
        before = [one for one in words if jakarta(one) <= jakarta(event)]
        if before:
            return before[-1] if type(before[-1]).__name__ == "OfferingPublished" else None
        published = [one for one in words if type(one).__name__ == "OfferingPublished"]
        return published[0] if published else None

    def editions(self, competency: str) -> list[tuple[Any, Any]]:
        """Every publication of a competency by its owner, with its entry there."""
        owner = self.first_publisher("FrameworkPublished", competency)
        return [
            (one, entry) for one in self.of("FrameworkPublished") for entry in one.competencies
            if entry.id == competency and provider(one) == owner
        ]  # fmt: skip

    def defined(self, competency: str, day: date) -> tuple[Any, Any] | None:
        """The publication that holds on a day; before all of them the first."""
        editions = self.editions(competency)
        begun = [one for one in editions if one[0].valid_from <= day]
        if not begun and editions:
            return self.defined(competency, min(one.valid_from for one, _ in editions))
        return max(begun, key=lambda one: one[0].valid_from) if begun else None

    def owner(self, competency: str) -> str | None:
        return self.first_publisher("FrameworkPublished", competency)

    def stands_for(self, competency: str) -> list[tuple[str, date, date]]:
        """What counts under a competency: itself, and whatever it names as equivalent, and when."""
        found = [(competency, date.min, date.max)]
        days = sorted({one.valid_from for one, _ in self.editions(competency)})
        for since, until in zip(days, [*days[1:], date.max], strict=True):
            known = self.defined(competency, since)
            assert known is not None
            found += [(old, since, until) for old in known[1].equivalents if old != competency]
        return found

    def kind(self, competency: str, day: date) -> str | None:
        known = self.defined(competency, day)
        return known[1].kind if known else None

    def alignment_level(self, series: str, competency: str, day: date) -> int | None:
        best = None
        for one in self.of("AlignmentPublished"):
            signed = any(
                signature.target == one.event_id and provider(signature) == self.owner(competency)
                for signature in self.of("AlignmentCountersigned")
            )
            if (one.series, one.competency) != (series, competency) or not signed:
                continue
            if one.valid_from <= day and (best is None or one.valid_from >= best.valid_from):
                best = one
        return best.level if best else None

    def restated(self, kind: str, who: str, field: str) -> list[Any]:
        """What was decreed about one institution; of one day's words the last."""
        return list({
            one.valid_from: one for one in self.of(kind) if getattr(one, field) == who
        }.values())  # fmt: skip

    def inside(self, kind: str, who: str, field: str, day: date) -> list[Any]:
        return [
            one for one in self.restated(kind, who, field)
            if one.valid_from <= day <= (one.valid_until or date.max)
        ]  # fmt: skip

    def needs_accreditation(self, event: Any) -> bool:
        name = type(event).__name__
        if name in NEEDS_NOBODY:
            return False
        return not self.roles(provider(event)) & MAY_SAY.get(name, set())

    def accredited(self, event: Any) -> bool:
        if not self.needs_accreditation(event):
            return True
        form = getattr(event, "form", None)
        if form is None and self.offering(event):
            form = self.offering(event).form
        return any(
            form is None or not one.forms or form in one.forms
            for one in self.inside(
                "ProviderAccredited", provider(event), "provider", jakarta(event)
            )
        )

    def suspended(self, event: Any) -> bool:
        day = jakarta(event)
        if any(self.inside("PartySuspended", who, "code", day)
               for who in (event.party, provider(event))):  # fmt: skip
            return True
        stopped = self.inside("ProviderSuspended", provider(event), "provider", day)
        return bool(stopped) and self.needs_accreditation(event)

    def may_assess(self, event: Any) -> bool:
        day, position = jakarta(event), self.position_class(jakarta(event))
        if self.inside("AssessorSuspended", provider(event), "assessor", day):
            return False
        return any(
            position in one.position_classes
            and self.kind(event.competency, jakarta(event)) in one.competency_kinds
            for one in self.inside("AssessorAccredited", provider(event), "assessor", day)
        )

    def posting(self, day: date) -> Any:
        best = None
        for one in self.of("PersonRegistered", "PersonMoved", "PersonSeparated"):
            if one.valid_from <= day and (best is None or one.valid_from >= best.valid_from):
                best = one
        return None if type(best).__name__ == "PersonSeparated" else best

    def position_class(self, day: date) -> str | None:
        known = self.posting(day)
        return known.position_class if known else None

    def agency(self, code: str, day: date) -> str:
        steps = {(one.before, one.valid_from): one for one in self.of("AgencyRestructured")}
        for _, one in sorted(steps.items(), key=lambda step: (step[0][1], step[0][0])):
            if one.valid_from <= day and one.before == code and len(one.after) == 1:
                code = one.after[0]
        return code

    def agencies(self, day: date) -> tuple[str, str] | None:
        """Home and working agency of a day."""
        posting = self.posting(day)
        if posting:
            return self.agency(posting.home_agency, day), self.agency(posting.working_agency, day)
        bkn = self.of("PersonRegistered", "PersonMoved", "PersonSeparated")
        if any(one.valid_from <= day for one in bkn):
            return None
        last = {(provider(one), one.valid_from): one for one in self.of("RosterDeclared")}
        live = {
            self.agency(who, day) for (who, _), one in last.items()
            if one.valid_from <= day <= (one.valid_until or date.max)
        }  # fmt: skip
        return (*live, *live) if len(live) == 1 else None  # type: ignore[return-value]

    # -- the person -----------------------------------------------------------------------

    def voided(self, event: Event) -> bool:
        return any(
            one.target == event.event_id
            and (provider(one) == provider(event) or "lan" in self.roles(provider(one)))
            for one in self.of("StatementVoided")
        )

    def counts(self, event: Any) -> bool:
        return not self.voided(event) and not self.suspended(event) and self.accredited(event)

    def learnt(self, event: Any) -> bool:
        """It counts, and if it is a claim, it was verified."""
        if not self.counts(event):
            return False
        if type(event).__name__ != "SelfLearningLogged":
            return True
        posting = self.posting(jakarta(event))
        if posting is None:
            return False
        theirs = [self.agency(code, jakarta(event))
                  for code in (posting.home_agency, posting.working_agency)]  # fmt: skip
        for one in self.of("ClaimVerified"):
            if one.target != event.event_id or not self.counts(one):
                continue
            same = self.same_person(one.verifier, one.learner)
            if provider(one) in theirs and not (provider(one) == provider(event) and same):
                return True
        return False

    def same_person(self, one: Any, other: Any) -> bool:
        return bool(one.person_id == other.person_id)

    def revoked_from(self, event: Any) -> date:
        """The day from which an assessor's word, or a certificate, is revoked."""
        days = [date.max]
        if hasattr(event, "certificate"):
            return self.paper_revoked(event.certificate.number, provider(event))
        for one in self.of("CompetencyRevoked"):
            own = provider(one) == provider(event) or "bkn" in self.roles(provider(one))
            named = one.target == event.event_id and one.competency == event.competency
            if named and own and self.counts(one):
                days.append(one.effective_on)
        return min(days)

    def paper_revoked(self, number: str, issuer: str) -> date:
        numbers, grew = {number}, True
        while grew:
            more = {
                one.certificate.number for one in self.of("CertificateReissued")
                if one.replaces in numbers and provider(one) == issuer and self.counts(one)
            }  # fmt: skip
            grew = not more <= numbers
            numbers |= more
        return min([
            one.effective_on for one in self.of("CertificateRevoked")
            if one.number in numbers and (one.issuer or provider(one)) == issuer
            and (provider(one) == issuer or "lan" in self.roles(provider(one)))
            and self.counts(one)
        ], default=date.max)  # fmt: skip

    def certificates(self, day: date) -> dict[tuple[str, str], str]:
        """Each certificate issued by a day: earned, expired, revoked or replaced."""
        found: dict[tuple[str, str], str] = {}
        papers = [p for p in self.of("CertificateEarned", "CertificateReissued") if self.counts(p)]
        for one in papers:
            name = (one.certificate.number, provider(one))
            if name in found or one.certificate.issued_on > day:
                found.setdefault(name, "")
                continue
            replaced = min([
                other.certificate.issued_on for other in papers
                if type(other).__name__ == "CertificateReissued" and provider(other) == name[1]
                and other.replaces == name[0] and other.certificate.number != name[0]
            ], default=date.max)  # fmt: skip
            revoked = self.paper_revoked(*name)
            until = one.certificate.valid_until or date.max
            ended = min(revoked, replaced)
            if until < day and (until == date.max or until + timedelta(1) < ended):
                found[name] = "expired"
            elif day >= ended:
                found[name] = "revoked" if revoked == ended else "replaced"
            else:
                found[name] = "earned"
        return {name: state for name, state in found.items() if state}

    def pieces(self, competency: str) -> list[dict[str, Any]]:
        """Every piece or failure that counts under a competency, from when."""
        if competency not in self._pieces:
            self._pieces[competency] = [
                piece | {"since": since, "no_more": until}
                for under, since, until in self.stands_for(competency)
                for piece in self._pieces_of(under)
                if jakarta(piece["event"]) < until
            ]
        return self._pieces[competency]

    def _pieces_of(self, competency: str) -> list[dict[str, Any]]:
        found = []
        for event in self.of(*CLASS):
            rules = self.rules(jakarta(event))
            if rules is None or not self.learnt(event):
                continue
            name = CLASS[type(event).__name__]
            number = rules["classes"]["of"][name]
            passed = getattr(event, "outcome", "delivered") == "delivered"
            common = {
                "event": event, "class": name, "strength": number["strength"],
                "provider": provider(event), "claimed": None, "revoked": date.max,
                "passed": passed and type(event).__name__ != "AssessmentFailed",
            }  # fmt: skip
            if name == "assessment-centre":
                if event.competency == competency and self.may_assess(event):
                    assessor = event.assessor.person_id if event.assessor else None
                    found.append(common | {
                        "level": min(event.level, number["up_to_level"]),
                        "source": (event.party, "ac", assessor), "until": event.valid_until,
                        "revoked": self.revoked_from(event),
                    })  # fmt: skip
                continue
            offering = self.offering(event)
            if offering is None:
                continue
            aligned = self.alignment_level(offering.series, competency, jakarta(event))
            if aligned is None:
                continue
            claims = [one.claimed_level for one in event.competencies if one.id == competency]
            if event.competencies and not claims:
                continue
            paper = getattr(event, "certificate", None)
            found += [
                common | {
                    "level": min(claimed or aligned, number["up_to_level"], aligned),
                    "source": (provider(event), "series", offering.series),
                    "until": paper.valid_until if paper else None, "claimed": claimed,
                    "revoked": self.revoked_from(event) if paper else date.max,
                }
                for claimed in claims or [None]
            ]  # fmt: skip
        return found

    def closed(self, piece: dict[str, Any], pieces: list[dict[str, Any]], day: date) -> bool:
        for failure in pieces:
            if failure["passed"] or failure["claimed"] is None or jakarta(failure["event"]) > day:
                continue
            then = self.rules(jakarta(failure["event"]))
            assert then is not None
            if (
                piece["level"] >= failure["claimed"]
                and piece["event"].occurred_at < failure["event"].occurred_at
                and then["classes"]["of"][piece["class"]]["strength"] <= failure["strength"]
            ):
                return True
        return False

    def counted(self, piece: dict[str, Any], day: date, rules: dict[str, Any]) -> int:
        begun = jakarta(piece["event"])
        if day < max(begun, piece["since"]) or (piece["until"] and day > piece["until"]):
            return 0
        if day >= min(piece["revoked"], piece["no_more"]):
            return 0
        if piece["class"] == "assessment-centre":
            default = plus_months(begun, rules["assessment"]["valid_months"])
            return piece["strength"] if piece["until"] or day < default else 0
        for band in rules["recency"]["bands"]:
            if day < plus_months(begun, band["until_month"]):
                return int(piece["strength"] * band["basis_points"] // 10_000)
        return 0

    def indicated(self, competency: str, day: date) -> int | None:
        rules = self.rules(day)
        if rules is None:
            return None
        pieces = self.pieces(competency)
        live = [
            (piece, self.counted(piece, day, rules)) for piece in pieces
            if piece["passed"] and not self.closed(piece, pieces, day)
        ]  # fmt: skip
        answer = None
        for text, threshold in sorted(rules["levels"]["thresholds"].items()):
            level = int(text)
            taken = [(p, s) for p, s in live if p["level"] >= level and s > 0]
            strongest: dict[Any, tuple[dict[str, Any], int]] = {}
            for piece, strength in taken:
                known = strongest.get(piece["source"])
                if known is None or strength > known[1]:
                    strongest[piece["source"]] = (piece, strength)
            total, per_provider = 0, dict[str, int]()
            for piece, strength in strongest.values():
                if piece["class"] == "assessment-centre":
                    total += strength
                else:
                    name = piece["provider"]
                    per_provider[name] = per_provider.get(name, 0) + strength
            total += sum(min(s, rules["levels"]["provider_cap"]) for s in per_provider.values())
            if total >= threshold and (level != 4 or self.gate(taken)):
                answer = level
        return answer

    def gate(self, taken: list[tuple[dict[str, Any], int]]) -> bool:
        sources = {piece["source"] for piece, _ in taken}
        two = any(a[0] != b[0] and a[1:] != b[1:] for a in sources for b in sources)
        return two and any(p["class"] in ("test", "assessment-centre") for p, _ in taken)

    def valid_assertions(self, competency: str, day: date) -> list[Any]:
        rules = self.rules(day)
        under = [one for one, since, until in self.stands_for(competency) if since <= day < until]
        found = []
        for one in self.of("CompetencyAssessed", "CompetencyAsserted"):
            if one.competency not in under or not self.counts(one) or not self.may_assess(one):
                continue
            if rules is None:
                continue
            last = one.valid_until
            end = plus_months(jakarta(one), rules["assessment"]["valid_months"])
            if jakarta(one) <= day < self.revoked_from(one) and (
                day <= last if last else day < end
            ):
                found.append(one)
        return found

    def asserted(self, competency: str, day: date) -> int | None:
        valid = self.valid_assertions(competency, day)
        return valid[-1].level if valid else None

    def disputed(self, competency: str, day: date) -> bool:
        valid, rules = self.valid_assertions(competency, day), self.rules(day)
        apart = rules["disputes"] if rules else {}
        return any(
            provider(a) != provider(b)
            and abs((jakarta(a) - jakarta(b)).days) <= apart["within_days"]
            and abs(a.level - b.level) >= apart["levels_apart"]
            for a in valid for b in valid
        )  # fmt: skip

    # -- programmes -----------------------------------------------------------------------

    def state(self, programme: str, cohort: str | None, day: date) -> str | None:
        """docs/programmes.md: the state entered last."""
        held, ended = None, 0
        path = self.path(programme, cohort, day)
        for number in range(len(path)):
            row = self.met(path[ended : number + 1])
            if row and (held is None or self.leads(held, row)):
                held = row
                ended = number + 1 if row.get("end") else ended
        return held["state"] if held else None

    def path(self, programme: str, cohort: str | None, day: date) -> list[Any]:
        return [
            one for one in self.said
            if getattr(one, "programme", None) == programme and getattr(one, "cohort", "") == cohort
            and hasattr(one, "learner") and self.counts(one) and jakarta(one) <= day
            and self.rules(jakarta(one))
        ]  # fmt: skip

    def leads(self, held: dict[str, Any], row: dict[str, Any]) -> bool:
        if held.get("end"):
            return bool(row.get("again"))
        return bool(row["rank"] > held["rank"])

    def rows(self, event: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each row that names the event, with the entry that fits it."""
        rules = self.rules(jakarta(event))
        assert rules is not None
        of = rules["programmes"]["of"]
        says = {
            "event": type(event).__name__, "scope": event.scope,
            "stage": getattr(event, "stage", None), "outcome": getattr(event, "outcome", None),
            "about": "course",
        }  # fmt: skip
        if hasattr(event, "activity") and event.activity.type == PROGRAMME:
            says["about"] = "programme"
        return [
            (row, by) for row in of.get(event.programme, of["other"]) for by in row["by"]
            if all(by[name] == value for name, value in says.items() if name in by)
        ]  # fmt: skip

    def met(self, path: list[Any]) -> dict[str, Any] | None:
        """The row of highest rank that the last event of a path meets."""
        best = None
        for row, by in self.rows(path[-1]):
            if by.get("last") and self.enrolments(path):
                continue
            if best is None or row["rank"] > best["rank"]:
                best = row
        return best

    def enrolments(self, path: list[Any]) -> list[Any]:
        """What was opened since the last end, and not taken back after."""
        stand: list[Any] = []
        for event in path:
            for row, by in self.rows(event):
                if row.get("again") and event.registration:
                    stand.append(event.registration)
                if by.get("last"):
                    stand = [one for one in stand if event.registration not in (None, one)]
        return stand

    # -- learning hours -------------------------------------------------------------------

    def hours(self) -> dict[tuple[date, date], int]:
        """JP per year, of the calendar or of a PPPK's contract."""
        years: dict[tuple[date, date], int] = {}
        for on, jp in self.credits():
            year = self.year(on)
            years[year] = years.get(year, 0) + jp
        return years

    def year(self, on: date) -> tuple[date, date]:
        posting = self.posting(on)
        begun = posting.contract_start if posting and posting.kind == "PPPK" else None
        if begun is None or begun > on:
            return date(on.year, 1, 1), date(on.year + 1, 1, 1)
        months = 0
        while plus_months(begun, months + 12) <= on:
            months += 12
        return plus_months(begun, months), plus_months(begun, months + 12)

    def credits(self) -> list[tuple[date, int]]:
        return sorted([*self.programmed(), *self.activities(), *self.sessions(), *self.days()])

    def programmed(self) -> list[tuple[date, int]]:
        done: list[Any] = []
        for one in self.of("CourseCompleted"):
            if self.worth(one) is not None and not any(self.same(one, other) for other in done):
                done.append(one)
        with_course = [one.registration for one in done if one.registration]
        for one in self.of("ProgrammeCompleted"):
            if self.worth(one) is None or any(self.same(one, other) for other in done):
                continue
            if not any(self.linked(one.registration, other) for other in with_course):
                done.append(one)
        return [(self.on(one), self.worth(one) or 0) for one in done]

    def activities(self) -> list[tuple[date, int]]:
        done: list[Any] = []
        for one in self.of("FieldVisitAttended", "SecondmentCompleted"):
            fits = self.counts(one) and one.form in PER_ACTIVITY and self.rules(jakarta(one))
            if fits and not any(self.same(one, other) for other in done):
                done.append(one)
        return [(self.on(one), PER_ACTIVITY[one.form]) for one in done]

    def sessions(self) -> list[tuple[date, int]]:
        given, months = [], dict[tuple[int, int], int]()
        for one in self.of("CoachingHeld"):
            if self.counts(one) and one.form in PER_SESSION and self.rules(jakarta(one)):
                month = (self.on(one).year, self.on(one).month)
                months[month] = months.get(month, 0) + 1
                if months[month] <= 2:
                    given.append((self.on(one), 200))
        return given

    def days(self) -> list[tuple[date, int]]:
        given: dict[tuple[str, date], int] = {}
        for one in self.of("SessionAttended", "SelfLearningLogged", "CommunityContributed"):
            if one.form in PER_DAY and self.learnt(one) and self.rules(jakarta(one)):
                abroad = one.scope == "international"
                given.setdefault((one.form, self.on(one)), PER_DAY[one.form][abroad])
        return [(on, jp) for (_, on), jp in given.items()]

    def on(self, event: Any) -> date:
        return event.ended_on or jakarta(event)

    def worth(self, event: Any) -> int | None:
        offering = self.offering(event)
        others = {*PER_DAY, *PER_ACTIVITY, *PER_SESSION}
        if not self.counts(event) or event.form is None or event.form in others:
            return None
        if offering is None or offering.jp is None or self.rules(jakarta(event)) is None:
            return None
        if event.scope == "international" and event.form != "1":
            return int(offering.jp * 12 // 10)
        return int(offering.jp)

    def same(self, one: Any, other: Any) -> bool:
        if one.registration and other.registration:
            return one.form == other.form and self.linked(one.registration, other.registration)
        if one.registration or other.registration:
            return False
        return self.thing(one) == self.thing(other) and self.on(one) == self.on(other)

    def thing(self, event: Any) -> str:
        return event.activity.id if hasattr(event, "activity") else event.programme

    def linked(self, one: Any, other: Any) -> bool:
        """The same registration, or joined by certificates of one number, in any steps."""
        reached, grew = {one}, True
        papers = [
            p for p in self.of("CertificateEarned", "CertificateReissued")
            if self.counts(p) and p.registration
        ]  # fmt: skip
        while grew:
            numbers = {n for p in papers if p.registration in reached for n in numbered(p)}
            more = {p.registration for p in papers if numbers & numbered(p)}
            grew = not more <= reached
            reached |= more
        return other in reached


def numbered(paper: Any) -> set[str]:
    """The number of a certificate, and the one that it stands for."""
    return {paper.certificate.number} | {one for one in [getattr(paper, "replaces", None)] if one}


def merged(said: Iterable[Event]) -> list[Event]:
    """The same events as if everyone whom BKN merged had been one person from the start."""
    everything = list(said)
    undone = {one.target for one in everything if type(one).__name__ == "PersonSplit"}
    merges: list[Any] = [
        one for one in everything
        if type(one).__name__ == "PersonMerged" and one.event_id not in undone
    ]  # fmt: skip
    now: dict[Any, Any] = {}
    for one in sorted(merges, key=lambda one: (one.occurred_at, one.event_id)):
        into, gone = (now.get(who, who) for who in (one.person.person_id, one.absorbed.person_id))
        for who in [gone, *(each for each, stays in now.items() if stays == gone)]:
            now[who] = into
    return [_renamed(one, now) for one in everything]


def _renamed(said: Event, now: dict[Any, Any]) -> Event:
    people = {
        name: person.model_copy(update={"person_id": now[person.person_id]})
        for name in ("learner", "person", "assessor", "verifier", "coach")
        if (person := getattr(said, name, None)) is not None and person.person_id in now
    }
    return said.model_copy(update=people)


def of_person(said: Iterable[Event], who: Any) -> list[Event]:
    """What is said about one person, what takes it back, and what is about nobody."""
    everything = list(said)
    others = {
        one.event_id for one in everything
        for name in ("learner", "person")
        if (person := getattr(one, name, None)) is not None and person.person_id != who
    }  # fmt: skip
    return [one for one in everything if one.event_id not in others]
