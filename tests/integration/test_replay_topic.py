"""A replay into a topic: every record once, in order, also after a stop."""

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from jejak.errors import Misuse
from jejak.replay_topic import to_topic
from jejak.services import Services
from jejak_consumers.errors import Refuse
from jejak_consumers.kafka import KafkaFeed
from jejak_lrs import roles
from jejak_lrs.database import Database
from jejak_lrs.replay.replays import Replay
from jejak_lrs.replay.selection import Selection
from tests import world
from tests.recorded import record
from tests.world import course

pytestmark = pytest.mark.integration

RECORDS = len(world.usual()) + 5


@pytest.fixture
def how(writer: Database, front: Services, monkeypatch: pytest.MonkeyPatch) -> Replay:
    record(writer, *world.usual(), *[course(f"2024-01-0{day}") for day in range(1, 6)])
    monkeypatch.setattr("jejak_lrs.replay.replays.WIDTH", 4)
    return Replay(front.dsn(roles.READER))


def messages(front: Services, topic: str) -> Sequence[dict[str, Any]]:
    with closing(KafkaFeed(front.kafka(front.operator), topic)) as feed:
        first, end = feed.bounds()
        feed.seek(first)
        found: list[dict[str, Any]] = []
        while feed.position() < end:
            found += [json.loads(one.value or b"") for one in feed.poll(1.0)]
    return found


def test_a_stopped_replay_into_a_topic_goes_on_and_sends_each_record_once(
    front: Services, how: Replay, writer: Database
) -> None:
    seen = how.look(Selection())
    left = iter(range(3))

    def stop(_done: int, _total: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_topic(front, Replay(how.dsn, watch=stop), Selection(), "putar-ulang")
    assert 0 < len(messages(front, "putar-ulang")) < RECORDS
    record(writer, course("2024-06-01"))  # not of the replay that was stopped
    assert to_topic(front, how, Selection(), "putar-ulang") == seen
    told = [one["position"] for one in messages(front, "putar-ulang")]
    assert told == list(range(RECORDS))
    assert to_topic(front, how, Selection(), "putar-ulang") == seen
    assert len(messages(front, "putar-ulang")) == RECORDS
    with pytest.raises(Refuse, match="another replay"):
        to_topic(front, how, Selection(types=("CourseCompleted",)), "putar-ulang")


def test_no_topic_of_ours_is_written_to(front: Services, how: Replay) -> None:
    with pytest.raises(Misuse):
        to_topic(front, how, Selection(), "jejak.changes.2060")
