"""An agency's subscription on a real broker: resumes after any end, and says what is wrong."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.structs import TopicPartition
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from jejak import cli, provisioning
from jejak.provisioning import NewParty
from jejak.services import PUBLISHER, Services
from jejak_consumers import errors
from jejak_consumers.kafka import KafkaFeed, KafkaOutbox
from jejak_consumers.messages import Post
from jejak_consumers.roster import match_ref
from jejak_consumers.subscriber import Subscriber
from jejak_schemas import codec, kafka_python
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import Change, ProfileState
from tests.feeds import EPOCH, PERSON, hours, left, state

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SITI, BUDI, AYU = "198503122010012001", "199011052015021003", "197701012000032002"

Put = Callable[[Sequence[Change | ProfileState | None]], None]


@pytest.fixture
def agency(front: Services, tmp_path: Path) -> Credentials:
    code = f"su-{uuid7().hex[-8:]}"
    new = NewParty(code, "An agency", ("agency",))
    folder = tmp_path / "home" / "credentials"
    [credentials] = provisioning.add_parties(front, folder, [new], lambda _: None)
    return credentials


@pytest.fixture
def put(front: Services, agency: Credentials) -> Iterator[Put]:
    """Write changes, states and (None) a tombstone of the last state, as the publisher does."""
    writer = KafkaOutbox(front.kafka(PUBLISHER))

    def post(said: Change | ProfileState | None) -> Post:
        if said is None:
            headers = (("epoch", str(EPOCH).encode()), ("version", b"99"))
            return Post(agency.topics.profiles or "", str(PERSON).encode(), None, headers)
        changes = isinstance(said, Change)
        topic = agency.topics.changes if changes else agency.topics.profiles
        return Post(topic or "", str(said.person_id).encode(), codec.encode(said))

    def put_all(said: Sequence[Change | ProfileState | None]) -> None:
        writer.send([post(one) for one in said])
        writer.commit()

    yield put_all
    writer.close()


def seqs(agency: Credentials, file: Path) -> list[int]:
    with Subscriber(agency, file) as own:
        return [change.seq for change in own.changes(patience=1)]


def test_a_reader_goes_on_where_it_was(agency: Credentials, put: Put, tmp_path: Path) -> None:
    file = tmp_path / "state"
    put([hours(1), hours(2)])
    assert seqs(agency, file) == [1, 2]
    put([hours(2), hours(3)])
    assert seqs(agency, file) == [3]


PROGRAM = """
import os, signal, sys
from pathlib import Path
from jejak_consumers.subscriber import Subscriber

credentials, state, seen, killed_at = sys.argv[1:]
with Subscriber(Path(credentials), Path(state)) as own:
    for change in own.changes(patience=1):
        if change.seq == int(killed_at):
            os.kill(os.getpid(), signal.SIGKILL)
        with open(seen, "a") as file:
            print(change.seq, file=file)
"""


@pytest.mark.kills
def test_a_reader_killed_in_its_body_misses_nothing_and_repeats_nothing_it_finished(
    agency: Credentials, put: Put, tmp_path: Path
) -> None:
    put([hours(seq) for seq in range(1, 10)])
    files = [tmp_path / f"home/credentials/{agency.party}.toml", tmp_path / "s", tmp_path / "seen"]

    def run(killed_at: int) -> int:
        command = [sys.executable, "-c", PROGRAM, *map(str, files), str(killed_at)]
        return subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode

    assert [run(1), run(4), run(7), run(0)] == [*[-signal.SIGKILL] * 3, 0]
    assert files[2].read_text().split() == [str(seq) for seq in range(1, 10)]


def test_deleted_changes_mean_reload_from_the_profiles(
    front: Services, agency: Credentials, put: Put, tmp_path: Path
) -> None:
    file = tmp_path / "state"
    put([hours(1)])
    assert seqs(agency, file) == [1]
    put([hours(2), hours(3), hours(4), hours(5), state(4)])
    delete_before(front, agency.topics.changes or "", 4)
    with Subscriber(agency, file) as own:
        with pytest.raises(errors.Reload, match="2 to 3"):
            next(own.changes())
        assert [one.version for one in own.profiles()] == [4]
        own.start_over()
        assert [change.seq for change in own.changes(patience=1)] == [5]


def test_what_an_aborted_batch_left_is_not_seen(
    front: Services, agency: Credentials, put: Put, tmp_path: Path
) -> None:
    put([hours(1)])
    crashing = KafkaOutbox(front.kafka(PUBLISHER))
    crashing.send(
        [
            Post(
                agency.topics.changes or "",
                b"p",
                codec.encode(hours(2, starts_on=date(1999, 1, 1))),
            )
        ]
    )
    crashing.close()
    again = KafkaOutbox(front.kafka(PUBLISHER))
    again.send([Post(agency.topics.changes or "", b"p", codec.encode(hours(2)))])
    again.commit()
    again.close()
    with Subscriber(agency, tmp_path / "state") as own:
        assert list(own.changes(patience=1)) == [hours(1), hours(2)]


def test_a_wrong_password_and_what_is_not_allowed_are_told_apart(
    agency: Credentials, tmp_path: Path
) -> None:
    wrong = agency.kafka.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(errors.WrongLogin, match="wrong user or password"):
        KafkaFeed(wrong, agency.topics.changes or "")
    others = agency.topics.model_copy(update={"changes": "jejak.agency.9999.changes"})
    with (
        Subscriber(agency.model_copy(update={"topics": others}), tmp_path / "s") as own,
        pytest.raises(errors.NotAllowed),
    ):
        next(own.changes(patience=5))


def test_watch_shows_each_change_once_and_resumes(
    agency: Credentials, put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["watch", "--identity", agency.party, "--home", str(tmp_path / "home"), "--idle", "1"]
    key = bytes.fromhex(agency.agency.match_key.get_secret_value() if agency.agency else "")
    roster = tmp_path / "roster.csv"
    roster.write_text(f"nip\n{SITI}\n")
    put([hours(1, match_refs=(match_ref(key, SITI),)), hours(2)])
    assert cli.run([*words, "--from-start", "--json", "--roster", str(roster)], debug=True) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["seq"], line["nip"]) for line in lines] == [
        ("LearningHoursChanged", 1, SITI),
        ("LearningHoursChanged", 2, None),
    ]
    put([hours(3)])
    assert cli.run(words, debug=True) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 1
    assert "learning hours 2026: 0.20 → 0.30 JP" in shown[0]


def test_roster_check_tells_who_is_known(
    agency: Credentials, put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = bytes.fromhex(agency.agency.match_key.get_secret_value() if agency.agency else "")
    put(
        [
            state(1, match_refs=(match_ref(key, SITI),)),
            left(1, match_refs=(match_ref(key, BUDI),)),
        ]
    )
    roster = tmp_path / "roster.csv"
    roster.write_text(f"{SITI}\n{BUDI}\n{AYU}\n")
    words = ["roster", "check", str(roster), "--identity", agency.party]
    assert cli.run([*words, "--home", str(tmp_path / "home"), "--json"], debug=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "matched": 1,
        "unknown": 1,
        "elsewhere": 1,
        "unlisted": 0,
        "people": [
            {"nip": SITI, "standing": "matched"},
            {"nip": BUDI, "standing": "elsewhere"},
            {"nip": AYU, "standing": "unknown"},
        ],
    }


def delete_before(front: Services, topic: str, offset: int) -> None:
    with closing(KafkaAdminClient(**kafka_python.settings(front.kafka(front.operator)))) as admin:
        admin.delete_records({TopicPartition(topic, 0): offset})
