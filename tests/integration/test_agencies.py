"""What agencies receive, from the projections to a real broker: their own people, in order."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from jejak import provisioning
from jejak.issuing import match_key_secret
from jejak.provisioning import NewParty
from jejak.services import PUBLISHER, Services
from jejak_consumers.agencies import Changes, MatchKeys, Newcomers
from jejak_consumers.follower import Follower
from jejak_consumers.kafka import KafkaOutbox
from jejak_consumers.publisher import Postman
from jejak_consumers.roster import Roster
from jejak_consumers.subscriber import Subscriber
from jejak_lrs.cursor import START
from jejak_lrs.database import Database
from jejak_lrs.ledger.appending import append
from jejak_lrs.ledger.batch import Batch
from jejak_lrs.projection import profiles
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import CertificateChanged, Change, ProfileRestated, ProfileState
from tests import rows

pytestmark = pytest.mark.integration

SITI, BUDI = UUID(int=0xA), UUID(int=0xB)
NIP = "198503122010012001"


@dataclass
class World:
    """Two agencies that subscribe, one that does not, and a projector's hand."""

    front: Services
    home: Credentials
    working: Credentials
    projector: Database
    folder: Path
    keys: dict[str, bytes] = field(default_factory=dict)

    def tell(
        self,
        *said: tuple[UUID, str, int, dict[str, object], list[str], list[str]],
        because: bool = True,
    ) -> None:
        """Write changes as the projector does: person, kind, version, content, agencies, what."""
        connection = self.projector.connection
        with connection.transaction():
            changes = [self._change(*one, because=because) for one in said]
            profiles.write_changes(connection, changes)

    def stand(self, person: UUID, version: int, home: str | None, working: str | None) -> None:
        """Write where a person stands."""
        one = profiles.Stored(person, version, f"{version:064x}", "{}", version, home, working)
        with self.projector.connection.transaction():
            profiles.write(self.projector.connection, 1, [one])

    def changes(self, agency: Credentials) -> list[Change]:
        """Every change that an agency can read."""
        return list(Subscriber(agency, self.folder / "unused").kept_changes())

    def states(self, agency: Credentials) -> dict[UUID, ProfileState]:
        """Where an agency's people stand, as it can read it."""
        own = Subscriber(agency, self.folder / "unused")
        return {one.person_id: one for one in own.profiles()}

    @staticmethod
    def _change(
        person: UUID,
        kind: str,
        version: int,
        content: dict[str, object],
        agencies: list[str],
        relations: list[str],
        *,
        because: bool,
    ) -> profiles.Change:
        return profiles.Change(
            uuid4(), person, kind, version, datetime(2026, 11, 24, tzinfo=UTC),
            agencies, relations, content, *((7, uuid7()) if because else (None, None)), "level",
        )  # fmt: skip


@pytest.fixture
def world(front: Services, tmp_path: Path) -> Iterator[World]:
    codes = [f"ag-{uuid7().hex[-7:]}{end}" for end in "hw"]
    new = [NewParty(code, "An agency", ("agency",)) for code in codes]
    home, working = provisioning.add_parties(front, tmp_path, new, lambda _: None)
    keys = {code: bytes.fromhex(front.secrets.get(match_key_secret(code))) for code in codes}
    with closing(Database(front.dsn("jejak_projector"))) as projector:
        yield World(front, home, working, projector, tmp_path, keys)


@pytest.fixture
def ledger(front: Services) -> Iterator[Database]:
    with closing(Database(front.dsn("jejak_publisher"))) as own:
        yield own


@pytest.fixture
def postman(front: Services) -> Iterator[Postman]:
    own = Postman(lambda: KafkaOutbox(front.kafka(PUBLISHER)))
    yield own
    own.rest()


def keys_of(world: World) -> MatchKeys:
    return lambda: world.keys


def hours(before: int, after: int) -> dict[str, object]:
    return {"starts_on": "2026-01-01", "before": before, "after": after}


def test_each_change_goes_to_both_agencies_of_the_person_and_to_nobody_else(
    world: World, ledger: Database, postman: Postman
) -> None:
    home, working = world.home.party, world.working.party
    world.stand(SITI, 2, home, working)
    world.stand(BUDI, 1, "9999", "9999")
    world.tell(
        (SITI, "LearningHoursChanged", 2, hours(0, 800), [home, working], ["home", "working"]),
        (BUDI, "LearningHoursChanged", 1, hours(0, 500), ["9999"], ["both"]),
        (SITI, "ProfileState", 2, {}, [home, working], ["home", "working"]),
        (SITI, "LearningHoursChanged", 2, hours(800, 900), [home], ["home"]),
    )
    while Follower(ledger, Changes(postman, keys_of(world), most=3)).step():
        pass

    told = world.changes(world.home)
    assert [(one.seq, one.prev_seq, one.number, one.relation) for one in told] == [
        (1, 0, 0, "home"),
        (2, 1, 3, "home"),
    ]
    assert told[0].because is not None
    assert (told[0].because.position, told[0].because.rule) == (7, "level")
    assert [(one.seq, one.relation) for one in world.changes(world.working)] == [(1, "working")]
    assert world.states(world.home)[SITI].relation == "home"
    assert world.states(world.working)[SITI].version == 2
    assert {*world.states(world.home), *world.states(world.working)} == {SITI}


def test_what_no_record_made_goes_out_without_a_because(
    world: World, ledger: Database, postman: Postman
) -> None:
    """A day that came, and a rebuild: both are changes like any other."""
    home = world.home.party
    world.stand(SITI, 4, home, home)
    expired = {"certificate": "S-1", "issuer": "prov", "before": "expiring", "after": "expired",
               "valid_until": "2026-11-23"}  # fmt: skip
    world.tell(
        (SITI, "CertificateChanged", 3, expired, [home], ["both"]),
        (SITI, "ProfileRestated", 4, {"before": "a" * 64, "after": "b" * 64}, [home], ["both"]),
        because=False,
    )
    while Follower(ledger, Changes(postman, keys_of(world))).step():
        pass
    day, rebuilt = world.changes(world.home)
    assert (day.because, rebuilt.because) == (None, None)
    assert isinstance(day, CertificateChanged)
    assert (day.before, day.after) == ("expiring", "expired")
    assert isinstance(rebuilt, ProfileRestated)
    assert rebuilt.after == "b" * 64
    assert (day.seq, rebuilt.seq, rebuilt.prev_seq) == (1, 2, 1)
    assert world.states(world.home)[SITI].version == 4


def test_an_agency_joins_what_it_receives_to_its_own_roster(
    world: World, ledger: Database, postman: Postman
) -> None:
    with closing(Database(world.front.dsn("jejak_writer"))) as writer:
        new = rows.newcomer(NIP)
        seen = rows.needing(rows.row(0, source=rows.SYSTEM), new)
        append(writer, Batch([seen], 0, newcomers={new.person_id: new}))
    world.stand(new.person_id, 1, world.home.party, world.home.party)
    world.tell(
        (new.person_id, "LearningHoursChanged", 1, hours(0, 5), [world.home.party], ["both"])
    )
    while Follower(ledger, Changes(postman, keys_of(world))).step():
        pass

    roster = Roster([NIP], world.keys[world.home.party])
    stranger = Roster([NIP], world.keys[world.working.party])
    for told in (*world.changes(world.home), *world.states(world.home).values()):
        assert roster.nip_of(told) == NIP
        assert stranger.nip_of(told) is None


def test_who_leaves_gets_a_tombstone_and_who_comes_back_stands_again(
    world: World, ledger: Database, postman: Postman
) -> None:
    home, working = world.home.party, world.working.party
    follower = Follower(ledger, Changes(postman, keys_of(world)))
    world.stand(SITI, 1, home, home)
    world.tell((SITI, "PersonJoined", 1, {"before": None, "after": "2060"}, [home], ["both"]))
    follower.step()
    assert set(world.states(world.home)) == {SITI}

    world.stand(SITI, 2, working, working)
    world.tell(
        (SITI, "PersonLeft", 2, {"before": "2060", "after": "4012"}, [home], ["both"]),
        (SITI, "PersonJoined", 2, {"before": "2060", "after": "4012"}, [working], ["both"]),
    )
    follower.step()
    assert world.states(world.home) == {}
    assert set(world.states(world.working)) == {SITI}
    assert [type(one).__name__ for one in world.changes(world.home)] == [
        "PersonJoined",
        "PersonLeft",
    ]

    world.stand(SITI, 3, home, working)
    world.tell((SITI, "PersonJoined", 3, {"before": "4012", "after": "2060"}, [home], ["home"]))
    follower.step()
    assert world.states(world.home)[SITI].version == 3


def test_a_batch_sent_twice_has_the_same_numbers(
    world: World, ledger: Database, postman: Postman
) -> None:
    home = world.home.party
    world.stand(SITI, 1, home, home)
    world.tell(*[(SITI, "LearningHoursChanged", 1, hours(0, 5), [home], ["both"])] * 3)
    work = Changes(postman, keys_of(world))
    batch = work.read(ledger.connection, START)
    assert batch is not None
    work.act(batch.items)
    Follower(ledger, work).step()
    assert [one.seq for one in world.changes(world.home)] == [1, 2, 3, 1, 2, 3]
    with Subscriber(world.home, world.folder / "state") as own:
        assert [one.seq for one in own.changes(patience=1)] == [1, 2, 3]


def test_an_agency_that_subscribes_late_is_given_where_its_people_stand_once(
    world: World, ledger: Database, postman: Postman
) -> None:
    late = world.keys.pop(world.home.party)
    world.stand(SITI, 4, world.home.party, world.working.party)
    posted = fill(world, ledger, postman)
    assert set(world.states(world.working)) == {SITI}
    assert world.states(world.home) == {}
    world.keys[world.home.party] = late
    assert fill(world, ledger, postman) == posted
    assert world.states(world.home)[SITI].version == 4
    assert fill(world, ledger, postman) == 0


def fill(world: World, ledger: Database, postman: Postman) -> int:
    """How many agencies were filled."""
    follower = Follower(ledger, Newcomers(postman, keys_of(world)))
    filled: Sequence[bool] = [follower.step() for _ in range(len(world.keys) + 1)]
    return sum(filled)
