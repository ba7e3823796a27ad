"""The fold once more, deliberately naive: written from the page alone, one day at a time.

Reads events, not facts; knows the world of tests/world.py (one ruleset at a time, dates in
Jakarta). No intervals, no indexes, no cleverness: for a day D it asks each rule anew.
"""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from jejak_schemas.events import Event

CLASS = {
    "FieldVisitAttended": "attendance",
    "CourseCompleted": "completion",
    "ProjectJoined": "completion",
    "ProjectEvaluated": "project",
    "AssessmentPassed": "test",
    "CertificateEarned": "certificate",
    "CompetencyAssessed": "assessment-centre",
}
MAY_SAY = {  # roles beside provider and marketplace
    "ProjectJoined": {"agency"},
    "ProjectEvaluated": {"agency", "lan"},
    "CoachingHeld": {"agency", "lan"},
    "ProgrammeCompleted": {"lan"},
    "CompetencyAssessed": {"assessor"},
    "CandidateNominated": {"agency"},
    "CandidateSelected": {"agency", "lan"},
    "CandidateNotSelected": {"agency", "lan"},
    "LearnerDismissed": {"lan"},
    "ProgrammeFailed": {"lan"},
    "LearningWaived": {"agency", "lan"},
    "SelfLearningLogged": {"agency"},
    "ClaimVerified": {"agency"},
    "SecondmentStarted": {"agency"},
    "SecondmentCompleted": {"agency"},
    "ProjectSubmitted": {"agency"},
    "ImpactEvaluated": {"agency"},
}
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

    def __init__(self, said: Iterable[Event]) -> None:
        self.said = sorted({one.event_id: one for one in said}.values(),
                           key=lambda one: (one.occurred_at, one.event_id))  # fmt: skip

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

    def offering(self, event: Any) -> Any:
        published = [one for one in self.of("OfferingPublished") if one.offering == event.offering]
        before = [one for one in published if jakarta(one) <= jakarta(event)]
        return before[-1] if before else published[0] if published else None

    def owner(self, competency: str) -> str | None:
        for one in self.of("FrameworkPublished"):
            if competency in [entry.id for entry in one.competencies]:
                return provider(one)
        return None

    def kind(self, competency: str) -> str | None:
        for one in self.of("FrameworkPublished"):
            for entry in one.competencies:
                if entry.id == competency:
                    return entry.kind
        return None

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

    def accredited(self, event: Any) -> bool:
        if self.roles(provider(event)) & MAY_SAY.get(type(event).__name__, set()):
            return True
        form = getattr(event, "form", None)
        if form is None and getattr(event, "offering", None) and self.offering(event):
            form = self.offering(event).form
        for one in self.of("ProviderAccredited"):
            inside = one.valid_from <= jakarta(event) <= (one.valid_until or date.max)
            fits = form is None or not one.forms or form in one.forms
            if one.provider == provider(event) and inside and fits:
                return True
        return False

    def may_assess(self, event: Any) -> bool:
        position = self.position_class(jakarta(event))
        for one in self.of("AssessorAccredited"):
            inside = one.valid_from <= jakarta(event) <= (one.valid_until or date.max)
            fits = (
                position in one.position_classes
                and self.kind(event.competency) in one.competency_kinds
            )
            if one.assessor == provider(event) and inside and fits:
                return True
        return False

    def position_class(self, day: date) -> str | None:
        best = None
        for one in self.of("PersonRegistered", "PersonMoved"):
            if one.valid_from <= day and (best is None or one.valid_from >= best.valid_from):
                best = one
        return best.position_class if best else None

    # -- the person -----------------------------------------------------------------------

    def voided(self, event: Event) -> bool:
        return any(
            one.target == event.event_id
            and (provider(one) == provider(event) or "lan" in self.roles(provider(one)))
            for one in self.of("StatementVoided")
        )

    def counts(self, event: Any) -> bool:
        return not self.voided(event) and self.accredited(event)

    def pieces(self, competency: str) -> list[dict[str, Any]]:
        """Every piece or failure for one competency: level, class, strength, source ..."""
        found = []
        for event in self.of(*CLASS):
            rules = self.rules(jakarta(event))
            if not self.counts(event) or rules is None:
                continue
            name = CLASS[type(event).__name__]
            number = rules["classes"]["of"][name]
            common = {
                "event": event, "class": name, "strength": number["strength"],
                "provider": provider(event), "claimed": None,
                "passed": getattr(event, "outcome", "delivered") == "delivered",
            }  # fmt: skip
            if name == "assessment-centre":
                if event.competency == competency and self.may_assess(event):
                    assessor = event.assessor.person_id if event.assessor else None
                    found.append(common | {
                        "level": min(event.level, number["up_to_level"]),
                        "source": (event.party, "ac", assessor), "until": event.valid_until,
                    })  # fmt: skip
                continue
            offering = self.offering(event) if event.offering else None
            if offering is None:
                continue
            aligned = self.alignment_level(offering.series, competency, jakarta(event))
            if aligned is None:
                continue
            claims = [one.claimed_level for one in event.competencies if one.id == competency]
            if event.competencies and not claims:
                continue
            for claimed in claims or [None]:
                paper = getattr(event, "certificate", None)
                found.append(common | {
                    "level": min(claimed or aligned, number["up_to_level"], aligned),
                    "source": (provider(event), "series", offering.series),
                    "until": paper.valid_until if paper else None, "claimed": claimed,
                })  # fmt: skip
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
        if day < begun or (piece["until"] and day > piece["until"]):
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
        found = []
        for one in self.of("CompetencyAssessed"):
            if one.competency != competency or not self.counts(one) or not self.may_assess(one):
                continue
            assert rules is not None
            last = one.valid_until
            end = plus_months(jakarta(one), rules["assessment"]["valid_months"])
            if jakarta(one) <= day and (day <= last if last else day < end):
                found.append(one)
        return found

    def asserted(self, competency: str, day: date) -> int | None:
        valid = self.valid_assertions(competency, day)
        return valid[-1].level if valid else None

    def disputed(self, competency: str, day: date) -> bool:
        valid = self.valid_assertions(competency, day)
        return any(
            provider(a) != provider(b) and abs((jakarta(a) - jakarta(b)).days) <= 180
            and abs(a.level - b.level) >= 2
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

    def hours(self) -> dict[int, int]:
        """JP per calendar year (nobody here is a PPPK)."""
        years: dict[int, int] = {}
        for on, jp in self.credits():
            years[on.year] = years.get(on.year, 0) + jp
        return years

    def credits(self) -> list[tuple[date, int]]:
        return [*self.programmed(), *self.visits(), *self.sessions()]

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

    def visits(self) -> list[tuple[date, int]]:
        done: list[Any] = []
        for one in self.of("FieldVisitAttended"):
            fits = self.counts(one) and one.form == "20" and self.rules(jakarta(one))
            if fits and not any(self.same(one, other) for other in done):
                done.append(one)
        return [(self.on(one), 1000) for one in done]

    def sessions(self) -> list[tuple[date, int]]:
        given, months = [], dict[tuple[int, int], int]()
        for one in self.of("CoachingHeld"):
            if self.counts(one) and one.form in ("14", "15") and self.rules(jakarta(one)):
                month = (self.on(one).year, self.on(one).month)
                months[month] = months.get(month, 0) + 1
                if months[month] <= 2:
                    given.append((self.on(one), 200))
        return given

    def on(self, event: Any) -> date:
        return event.ended_on or jakarta(event)

    def worth(self, event: Any) -> int | None:
        offering = self.offering(event) if event.offering else None
        others = ("4", "9", "22", "23", "14", "15", "10", "18", "20", "21")
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
        papers = [p for p in self.of("CertificateEarned") if self.counts(p) and p.registration]
        while grew:
            numbers = {p.certificate.number for p in papers if p.registration in reached}
            more = {p.registration for p in papers if p.certificate.number in numbers}
            grew = not more <= reached
            reached |= more
        return other in reached
