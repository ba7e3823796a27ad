"""An agency that was away for longer than its changes are kept, on a real broker and ledger.

Whether it misses or repeats anything is judged by what it holds: every change says what was before.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from jejak import provisioning
from jejak.issuing import match_key_secret
from jejak.provisioning import NewParty
from jejak.services import PUBLISHER, Services
from jejak_consumers import errors
from jejak_consumers.agencies import Changes, Newcomers
from jejak_consumers.follower import Follower
from jejak_consumers.kafka import KafkaOutbox
from jejak_consumers.publisher import Postman
from jejak_consumers.subscriber import Subscriber
from jejak_lrs import roles
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.profile import Profile, parse
from jejak_lrs.database import Connection, Database, connect
from jejak_lrs.projection import profiles
from jejak_schemas.credentials import Credentials
from jejak_schemas.events import ErasureOrdered, Event
from jejak_schemas.outgoing import Change, LevelChanged, PersonJoined, PersonLeft, ProfileState
from jejak_schemas.parts import PersonRef
from tests.integration.test_projection import catch_up, recent
from tests.integration.test_subscriber import delete_before
from tests.recorded import record
from tests.world import assessed, event, merged, moved, passed, registered, split, usual, voided

pytestmark = pytest.mark.integration

PEOPLE = [PersonRef(person_id=UUID(int=(7 << 76) + (2 << 62) + number)) for number in range(6)]
CODES = count(7401)  # the broker is shared: an agency of its own for each test
Levels = dict[tuple[str, str], int | None]


@dataclass
class Nation:
    """A ledger with one agency that subscribes."""

    agency: Credentials
    writer: Database
    projecting: Connection
    publish: Callable[[], None]

    def happen(self, *said: Event) -> int:
        """Record events, fold them, tell the agency; the last position."""
        end = record(self.writer, *said)
        catch_up(self.projecting, 3)
        self.publish()
        return end - 1

    def joins(self, who: PersonRef) -> Event:
        own = self.agency.party
        return registered(recent(50), person=who, home_agency=own, working_agency=own)

    def standing(self) -> dict[UUID, str]:
        """The digests of the agency's people, as the ledger has them."""
        found = profiles.of_agency(self.projecting, self.agency.party)
        return {one.person_id: one.digest for one in found}


@dataclass
class Held:
    """What the agency holds of its people: their levels today."""

    levels: dict[UUID, Levels] = field(default_factory=dict)

    def load(self, states: Iterator[ProfileState]) -> None:
        self.levels = {one.person_id: levels_of(parse(one.profile)) for one in states}

    def apply(self, change: Change) -> None:
        """Take over a change; it must follow what is held."""
        match change:
            case PersonJoined():
                assert change.person_id not in self.levels
                self.levels[change.person_id] = {}
            case PersonLeft():
                del self.levels[change.person_id]
            case LevelChanged():
                own, subject = self.levels[change.person_id], (change.competency, change.standing)
                assert own.get(subject) == change.before
                own[subject] = change.after
            case _:
                pass

    def follow(self, agency: Credentials, file: Path) -> int:
        """Take over whatever comes, by a new subscriber; how many changes."""
        with Subscriber(agency, file) as own:
            changes = list(own.changes(patience=1))
            for change in changes:
                self.apply(change)
        return len(changes)


def levels_of(profile: Profile) -> Levels:
    today = date.today()  # noqa: DTZ011  the tests record now
    return {
        (iri, standing): level
        for iri, one in levels_on(profile, today).items()
        for standing, level in (("asserted", one.asserted), ("indicated", one.indicated))
        if level is not None
    }


def known(held: Held) -> dict[UUID, Levels]:
    """What is held, without what is none."""
    return {
        who: {subject: level for subject, level in levels.items() if level is not None}
        for who, levels in held.levels.items()
    }


@pytest.fixture
def nation(front: Services, writer: Database, tmp_path: Path) -> Iterator[Nation]:
    code = str(next(CODES))
    parties = [NewParty(code, "An agency", ("agency",))]
    [agency] = provisioning.add_parties(front, tmp_path, parties, lambda _: None)
    keys = {code: bytes.fromhex(front.secrets.get(match_key_secret(code)))}
    postman = Postman(lambda: KafkaOutbox(front.kafka(PUBLISHER)))
    with (
        closing(Database(front.dsn(roles.PUBLISHER))) as ledger,
        closing(connect(front.dsn(roles.PROJECTOR))) as projecting,
    ):
        works = [Changes(postman, lambda: keys, most=4), Newcomers(postman, lambda: keys)]
        followers = [Follower(ledger, work) for work in works]

        def publish() -> None:
            while any([follower.step() for follower in followers]):  # noqa: C419  every one steps
                pass

        yield Nation(agency, writer, projecting, publish)
        postman.rest()


def test_who_was_away_too_long_catches_up_without_a_gap_or_a_duplicate(
    front: Services, nation: Nation, tmp_path: Path
) -> None:
    file, held = tmp_path / "state", Held()
    first, leaves, absorbed, late, claims, last = PEOPLE
    tested = passed(recent(20), learner=first)
    nation.happen(*usual(), *map(nation.joins, (first, leaves, absorbed)), tested)
    assert held.follow(nation.agency, file) == 4

    merge = merged(first, absorbed)
    nation.happen(
        passed(recent(19), "c", party="lain", learner=first), assessed(recent(9), learner=leaves),
        moved(recent(5), person=leaves, home_agency="9999", working_agency="9999"),
        nation.joins(late), merge, voided(tested, recent(3)), nation.joins(claims),
    )  # fmt: skip
    delete_before(front, nation.agency.topics.changes or "", 12)

    with Subscriber(nation.agency, file) as own:
        with pytest.raises(errors.Reload, match="not kept any more"):
            next(own.changes())
        nation.happen(assessed(recent(8), learner=late))
        held.load(own.profiles())
        nation.happen(split(merge, stays=first), assessed(recent(7), 2, learner=claims))
        own.start_over()
    assert held.follow(nation.agency, file) == 3  # joined again, and two levels
    nation.happen(nation.joins(last), assessed(recent(2), learner=last))
    assert held.follow(nation.agency, file) == 3
    assert held.follow(nation.agency, file) == 0

    live = profiles.of_agency(nation.projecting, nation.agency.party)
    assert known(held) == {one.person_id: levels_of(parse(one.document)) for one in live}


def test_the_profile_topic_alone_says_where_everybody_stands(nation: Nation) -> None:
    """After moves, merges, a split and an erasure; whether compacted or not."""
    merges = [merged(PEOPLE[0], PEOPLE[1]), merged(PEOPLE[2], PEOPLE[3])]
    at = nation.happen(*usual(), *map(nation.joins, PEOPLE), assessed(recent(8), learner=PEOPLE[5]))
    nation.happen(
        *(passed(recent(20), learner=who) for who in PEOPLE), *merges,
        split(merges[1], stays=PEOPLE[2]),
        moved(recent(5), person=PEOPLE[4], home_agency="9999", working_agency="9999"),
        event(ErasureOrdered, recent(1), party="jejak", target=uuid7(), positions=(at,),
              ordered_by=nation.agency.party),
    )  # fmt: skip
    with Subscriber(nation.agency, Path("unused")) as own:
        told = {one.person_id: one.digest for one in own.profiles()}
    assert told == nation.standing()
    assert set(told) == {PEOPLE[n].person_id for n in (0, 2, 3, 5)}
