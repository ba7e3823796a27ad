"""What came of the nation: asked from the services after everything has settled."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from jejak.demo.play import Answered, Told
from jejak.demo.stage import Stage
from jejak.errors import Fatal
from jejak.naming import code_of, profile_document
from jejak_consumers.roster import Found, Roster, compare
from jejak_consumers.subscriber import Subscriber
from jejak_lrs import database, roles
from jejak_lrs.answers import daily, individuals, teaching, workforce
from jejak_lrs.answers.individuals import Answer
from jejak_lrs.answers.workforce import Asked
from jejak_lrs.competency.explain import Explanation
from jejak_lrs.competency.fragmentation import Fragments
from jejak_lrs.competency.lookups import levels_on, serving_on
from jejak_lrs.competency.national import month_end
from jejak_lrs.competency.overview import Overview
from jejak_lrs.competency.plans import Demand
from jejak_lrs.competency.profile import canonical, digest
from jejak_lrs.competency.publication import Published
from jejak_lrs.competency.registry import Registry
from jejak_lrs.ledger import books, history, parties, people
from jejak_lrs.ledger.books import Balance
from jejak_lrs.projection import profiles
from jejak_lrs.replay import gathering
from jejak_producers.simulate import samples
from jejak_schemas.clock import jakarta_date
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import Event, PersonMoved, PersonRegistered, ProgrammeCompleted
from jejak_schemas.outgoing import Change, ProfileState

STORY: Final = "talent-academy"  # whose main person is shown
REFUSAL: Final = "personal-data-in-text"  # the refusal that is shown
_PATIENCE: Final = 2.0  # seconds without a change until all are seen


@dataclass(frozen=True, slots=True)
class Agency:
    """What one agency received, joined to its own roster."""

    code: str
    changes: Sequence[Change]
    kinds: Counter[str]
    found: Found
    names: dict[UUID, str]  # what the agency calls a person: the end of a NIP of its roster
    gaps: Overview


@dataclass(frozen=True, slots=True)
class Nation:
    """An answer to each of the three complaints that the system is there for."""

    fragments: Sequence[Fragments]  # training is fragmented between agencies
    demands: Sequence[Demand]  # competency is not tied to plans
    figures: dict[str, Published]  # no integrated data: what may be published of a month's end
    month_end: date

    def document(self) -> dict[str, Any]:
        """In numbers."""
        people = self.figures["people"].rows
        return {
            "fragmented": sum(len(one.providers) > 1 for one in self.fragments),
            "alike": sum(len(one.alike) for one in self.fragments),
            "needs": len(self.demands),
            "unmet": sum(bool(one.gap) for one in self.demands),
            "published": sum(counts is not None for counts in people.values()),
            "hidden": len(self.figures["people"].hidden),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """Everybody folded anew from the ledger alone, beside what is stored."""

    people: int
    differing: int
    position: int

    @property
    def equal(self) -> bool:
        """Whether all profiles are the same to the byte."""
        return self.people > 0 and not self.differing


@dataclass(frozen=True, slots=True)
class Findings:
    """All of it."""

    told: Told
    day: date
    registry: Registry
    person: Answer
    why: Explanation
    agency: Agency
    complaints: Nation
    refused: Answered | None
    replay: Replay
    books: Sequence[Balance]
    completed: Counter[str]
    institutions: Counter[str]  # by role
    manifest: Any
    seconds: float = 0.0

    @property
    def balanced(self) -> bool:
        """Whether the books of every inbox partition balance."""
        return all(one.balanced for one in self.books)

    @property
    def as_planned(self) -> bool:
        """Whether the ledger made of the deliveries what their senders had planned."""
        told, planned = self.told, self.manifest
        return (told.delivered, told.count("recorded"), told.reasons) == (
            planned.delivered,
            planned.recorded,
            planned.refused,
        )

    def document(self) -> dict[str, Any]:
        """As one JSON document."""
        told = self.told
        return {
            "delivered": told.delivered,
            "recorded": told.count("recorded"),
            "duplicates": told.count("duplicate"),
            "conflicts": told.count("conflict"),
            "refused": told.count("refused"),
            "reasons": told.reasons,
            "warnings": told.warnings,
            "people": self.replay.people,
            "agencies": self.institutions["agency"],
            "providers": self.institutions["provider"],
            "programmes": len(self.completed),
            "completed": self.completed,
            "as_planned": self.as_planned,
            "replay_equal": self.replay.equal,
            "books_balanced": self.balanced,
            "parties": told.outcomes,
            "person": profile_document(self.person, self.day),
            "agency": {
                "code": self.agency.code,
                "changes": self.agency.kinds,
                "matched": self.agency.found.count("matched"),
                "jpm": self.agency.gaps.match.jpm,
                "coverage": self.agency.gaps.match.coverage,
            },
            "complaints": self.complaints.document(),
            "seconds": round(self.seconds, 1),
        }


def look(stage: Stage, told: Told) -> Findings:
    """Ask the services; nothing here knows what was planned."""
    day = stage.nation.until
    with closing(database.connect(stage.services.dsn(roles.READER))) as connection:
        head = history.head(connection).next_position - 1
        registry = gathering.registry_at(connection, head)
        person = _main_person(connection)
        serving = serving_on(person.profile, day)
        if serving is None:
            raise Fatal(f"the main person of {STORY} serves nowhere on {day}")
        competency = _most_telling(person, day)
        return Findings(
            told=told,
            day=day,
            registry=registry,
            person=person,
            why=individuals.explain(connection, person.person_id, competency, day),
            agency=_agency(stage, connection, serving.working, day, registry),
            complaints=_complaints(connection, serving.working, day, registry, head),
            refused=_refused(told),
            replay=_replayed(connection, head, registry),
            books=books.balance(connection),
            completed=_completed(connection),
            institutions=_institutions(connection),
            manifest=stage.nation.manifest,
        )


def _main_person(connection: database.Connection) -> Answer:
    """The first to complete the story that is shown."""
    ends = (
        event
        for event in samples.events(samples.story_file(STORY))
        if isinstance(event, ProgrammeCompleted)
    )
    reference = ("nip", next(ends).learner.key)
    known = people.resolve_many(connection, [reference])
    found = individuals.profile_of(connection, known[reference].person_id)
    if found is None:
        raise Fatal(f"the main person of {STORY} has no profile")
    return found


def _most_telling(person: Answer, day: date) -> str:
    """The competency whose levels are highest together."""
    levels = levels_on(person.profile, day)
    return max(levels, key=lambda one: ((levels[one].indicated or 0), levels[one].asserted or 0))


def _refused(told: Told) -> Answered | None:
    refused = [one for one in told.noted if one.receipt.outcome == "refused"]
    return next(
        (one for one in refused if one.receipt.reason == REFUSAL), next(iter(refused), None)
    )


def _replayed(connection: database.Connection, head: int, registry: Registry) -> Replay:
    stored = profiles.stored(
        connection, [row[0] for row in connection.execute("SELECT person_id FROM person")]
    )
    folded = (
        (document := canonical(gathering.fold_person(connection, person_id, head, registry)))
        == one.document.encode()
        and digest(document) == one.digest
        for person_id, one in stored.items()
    )
    return Replay(len(stored), sum(not same for same in folded), head)


def _completed(connection: database.Connection) -> Counter[str]:
    """How many people reached the end of each programme, by the programmes' own records."""
    found = connection.execute(
        "SELECT activity, count(DISTINCT person_id) FROM record "
        "WHERE event_type = 'ProgrammeCompleted' GROUP BY 1"
    )
    return Counter({code_of(activity): count for activity, count in found})


def _institutions(connection: database.Connection) -> Counter[str]:
    """How many institutions hold each role now, by the ledger's own registry."""
    _, known = parties.load(connection)
    today = jakarta_date(datetime.now(UTC))
    return Counter(role for code in known.codes() for role in known.roles_of(code, today))


def _complaints(
    connection: database.Connection, code: str, day: date, registry: Registry, head: int
) -> Nation:
    end, asked = month_end(day), Asked(day)
    nodes = daily.plans_at(connection, head).nodes_on(end)
    return Nation(
        fragments=teaching.fragments_of(connection, asked, registry),
        demands=workforce.demands_of(connection, code, asked, registry),
        figures=daily.publishable(connection, registry, nodes, end),
        month_end=end,
    )


# -- the agency ---------------------------------------------------------------------------


def _agency(
    stage: Stage, connection: database.Connection, code: str, day: date, registry: Registry
) -> Agency:
    """Sign in as the agency, read what it was sent, and join it to the agency's own list."""
    credentials = Credentials.load(stage.home.credentials_file(code))
    key = credentials.agency.match_key.get_secret_value() if credentials.agency else ""
    roster = Roster(_employed(stage, code), key)
    with Subscriber(credentials, stage.home.run / f"demo-{code}.state") as subscriber:
        changes = list(subscriber.changes(patience=_PATIENCE))
        states = list(subscriber.profiles())
    received: list[Change | ProfileState] = [*changes, *states]
    called = ((one.person_id, roster.nip_of(one)) for one in received)
    return Agency(
        code=code,
        changes=changes,
        kinds=Counter(type(change).__name__ for change in changes),
        found=compare(roster, states, changes),
        names={person: f"…{nip[-4:]}" for person, nip in called if nip},
        gaps=workforce.overview_of(connection, code, Asked(day), registry),
    )


def _employed(stage: Stage, code: str) -> list[str]:
    """The agency's own list of its people: everyone ever posted there."""
    postings: list[Event] = [*stage.nation.registry.cast, *stage.nation.registry.people]
    postings += [*stage.nation.registry.moves, *stage.nation.registry.career]
    return [
        posting.person.nip
        for posting in postings
        if isinstance(posting, PersonRegistered | PersonMoved)
        and posting.person.nip
        and code in (posting.home_agency, posting.working_agency)
    ]
