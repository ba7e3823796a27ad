"""What an agency's loop sees, and what is remembered of it, over a topic in memory."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jejak_consumers import errors
from jejak_consumers.subscriber import Start, Subscriber
from jejak_schemas import topics
from jejak_schemas.credentials import Topics
from tests.feeds import (
    AGENCY,
    CREDENTIALS,
    EPOCH,
    LATER_EPOCH,
    PERSON,
    MemoryFeed,
    Topic,
    hours,
    left,
    state,
)

PERSON_B = UUID("00000000-0000-7000-8000-00000000bbbb")
STANDINGS = st.tuples(st.sampled_from([PERSON, PERSON_B]), st.booleans())


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def profiles() -> Topic:
    return Topic(topics.profiles(AGENCY))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "2060.state"


def subscriber(file: Path, *topics_: Topic, start: Start = "earliest") -> Subscriber:
    by_name = {topic.name: topic for topic in topics_}
    return Subscriber(
        CREDENTIALS, file, start=start, open_feed=lambda name: MemoryFeed(by_name[name])
    )


def entomb(profiles: Topic, version: int, person: UUID = PERSON) -> None:
    """Say that a person is there no more."""
    headers = (("epoch", str(EPOCH).encode()), ("version", str(version).encode()))
    profiles.take(str(person).encode(), None, headers)


def seqs(file: Path, topic: Topic, start: Start = "earliest") -> list[int]:
    """What a loop that runs until nothing more comes is given."""
    with subscriber(file, topic, start=start) as own:
        return [change.seq for change in own.changes(patience=0.01)]


def test_changes_come_in_order_and_only_once(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2), hours(2), hours(1), hours(3))
    assert seqs(file, topic) == [1, 2, 3]
    assert seqs(file, topic) == []


def test_a_reader_goes_on_where_it_was(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2))
    seqs(file, topic)
    topic.put(hours(3), skip=1)
    topic.put(hours(4))
    assert seqs(file, topic) == [3, 4]


def test_one_state_is_gone_on_by_one_subscriber_at_a_time(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2))
    with subscriber(file, topic) as first, subscriber(file, topic) as second:
        assert next(first.changes()).seq == 1
        with pytest.raises(errors.StateTaken, match=r"another subscriber goes on by .*2060\.state"):
            next(second.changes())
        first.settle()
        first.close()
        assert next(second.changes()).seq == 2


def test_a_body_that_raises_is_given_the_same_change_again(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2))
    with pytest.raises(ZeroDivisionError), subscriber(file, topic) as own:
        [1 / (2 - change.seq) for change in own.changes()]
    assert seqs(file, topic) == [2]


def test_a_body_that_is_killed_is_given_the_same_change_again(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2))
    killed = subscriber(file, topic)
    changes = killed.changes()
    assert [next(changes).seq, next(changes).seq] == [1, 2]
    killed.close()  # as its end does
    assert seqs(file, topic) == [2]


def test_a_break_out_of_the_loop_counts_as_handled(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2))
    with subscriber(file, topic) as own:
        for _ in own.changes():
            break
    assert seqs(file, topic) == [2]


def test_settle_remembers_before_the_body_ends(file: Path, topic: Topic) -> None:
    topic.put(hours(1))
    own = subscriber(file, topic)
    next(own.changes())
    own.settle()
    own.close()
    assert seqs(file, topic) == []


def test_a_gap_waits_for_the_republication(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(4), hours(5))
    assert seqs(file, topic) == [1]
    topic.put(hours(2), hours(3), hours(4), hours(5))
    assert seqs(file, topic) == [2, 3, 4, 5]


def test_without_a_place_the_first_message_kept_is_taken(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2), hours(3))
    topic.drop_before(1)
    assert seqs(file, topic) == [2, 3]


def test_a_latest_start_takes_what_comes_and_forgets_nothing_after_it(
    file: Path, topic: Topic
) -> None:
    topic.put(hours(1))
    assert seqs(file, topic, start="latest") == []
    topic.put(hours(2))
    assert seqs(file, topic, start="latest") == [2]


def test_changes_deleted_before_they_were_read_mean_reload(file: Path, topic: Topic) -> None:
    topic.put(*(hours(seq) for seq in range(1, 7)))
    with subscriber(file, topic) as own:
        next(own.changes())
        own.settle()
    topic.drop_before(3)
    with pytest.raises(errors.Reload, match="changes 2 to 3 are not kept"):
        seqs(file, topic)
    with pytest.raises(errors.Reload):
        seqs(file, topic)


def test_deleted_messages_that_were_read_mean_nothing(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2), skip=3)
    seqs(file, topic)
    topic.put(hours(3))
    topic.drop_before(4)
    assert seqs(file, topic) == [3]


def test_a_new_epoch_means_reload_and_then_goes_on(
    file: Path, topic: Topic, profiles: Topic
) -> None:
    topic.put(hours(1), hours(1, epoch=LATER_EPOCH), hours(2, epoch=LATER_EPOCH))
    profiles.put(state(1, epoch=LATER_EPOCH))
    seen = []
    with subscriber(file, topic, profiles) as own:
        with pytest.raises(errors.Reload, match="new epoch"):
            seen += [change.seq for change in own.changes(patience=0.01)]
        assert [one.version for one in own.profiles()] == [1]
        own.start_over()
        assert [change.seq for change in own.changes(patience=0.01)] == [2]
    assert seqs(file, topic) == []


class TestStartingOver:
    """From the profiles read on: what they hold is not given, all else is, once."""

    @pytest.fixture
    def begun(self, file: Path, topic: Topic, profiles: Topic) -> Topic:
        """The changes topic; its fourth change is known from the profiles, its fifth is not."""
        topic.put(*(hours(seq) for seq in range(1, 5)), hours(5, version=4))
        topic.put(hours(6, person_id=PERSON_B, version=2))
        profiles.put(state(4), state(1, person=PERSON_B))
        with subscriber(file, topic, profiles) as own:
            assert sorted(one.version for one in own.profiles()) == [1, 4]
            own.start_over()
        return topic

    def test_what_the_profiles_hold_is_not_given_again(self, file: Path, begun: Topic) -> None:
        assert seqs(file, begun) == [6]
        begun.put(hours(7))
        assert seqs(file, begun) == [7]

    def test_nor_after_a_kill_at_any_change(self, file: Path, begun: Topic) -> None:
        begun.put(hours(7, version=5), hours(8, person_id=PERSON_B, version=3))
        killed = subscriber(file, begun)
        changes = killed.changes()
        assert [next(changes).seq, next(changes).seq] == [6, 7]
        killed.close()
        assert seqs(file, begun) == [7, 8]

    def test_who_is_killed_before_it_is_told_to_reload_again(
        self, file: Path, topic: Topic, profiles: Topic
    ) -> None:
        topic.put(hours(1), hours(2), hours(3))
        with subscriber(file, topic) as own:
            next(own.changes())
            own.settle()
        topic.drop_before(2)
        profiles.put(state(3))
        killed = subscriber(file, topic, profiles)
        with pytest.raises(errors.Reload):
            next(killed.changes())
        assert [one.version for one in killed.profiles()] == [3]
        killed.close()
        with pytest.raises(errors.Reload):
            seqs(file, topic)

    def test_what_is_told_of_those_who_have_left_is_held_too(
        self, file: Path, topic: Topic, profiles: Topic
    ) -> None:
        topic.put(hours(1), left(2))
        entomb(profiles, 2)
        with subscriber(file, topic, profiles) as own:
            assert list(own.profiles()) == []
            own.start_over()
        assert seqs(file, topic) == []

    def test_a_state_that_was_removed_begins_without_them(self, file: Path, begun: Topic) -> None:
        file.unlink()
        assert seqs(file, begun) == [1, 2, 3, 4, 5, 6]

    def test_versions_that_are_gone_are_said_so(self, file: Path, begun: Topic) -> None:
        file.with_name(file.name + ".versions").unlink()
        with pytest.raises(errors.StateDamaged, match="versions of profiles"):
            seqs(file, begun)


def test_a_topic_made_again_means_reload_at_a_gap(file: Path, topic: Topic) -> None:
    topic.put(hours(1), hours(2), hours(3))
    seqs(file, topic)
    again = Topic()
    again.put(hours(5))
    with pytest.raises(errors.Reload):
        seqs(file, again)


@pytest.mark.parametrize("said", ["", "{", "[]", '{"topic": "x"}', '{"epoch": 3}'])
def test_a_damaged_state_file_is_said_so(file: Path, topic: Topic, said: str) -> None:
    file.write_text(said)
    with pytest.raises(errors.StateDamaged, match="no state of a subscriber"):
        seqs(file, topic)


def test_a_state_file_of_another_agency_is_said_so(file: Path, topic: Topic) -> None:
    seqs(file, topic)
    said = json.loads(file.read_text()) | {"topic": topics.changes("4012")}
    file.write_text(json.dumps(said))
    with pytest.raises(errors.StateDamaged, match="belongs to"):
        seqs(file, topic)


def test_a_party_that_is_no_agency_cannot_subscribe(file: Path) -> None:
    provider = CREDENTIALS.model_copy(update={"topics": Topics(inbox="jejak.inbox.lan")})
    with pytest.raises(errors.NotAllowed, match="no agency"):
        Subscriber(provider, file)


def test_a_message_of_a_later_contract_is_said_so(file: Path, topic: Topic) -> None:
    topic.take(b"key", b"\xc3\x01" + b"\x00" * 20)
    with pytest.raises(errors.Fatal, match="unknown-schema"):
        seqs(file, topic)


class TestProfiles:
    def versions(self, profiles: Topic) -> list[int]:
        own = subscriber(Path("unused"), profiles)
        return [one.version for one in own.profiles()]

    def test_the_greatest_version_holds_whatever_the_order(self, profiles: Topic) -> None:
        profiles.put(state(1), state(3), state(2))
        assert self.versions(profiles) == [3]

    def test_a_tombstone_is_nobody(self, profiles: Topic) -> None:
        profiles.put(state(3))
        entomb(profiles, 4)
        assert self.versions(profiles) == []

    def test_an_older_state_does_not_raise_the_dead(self, profiles: Topic) -> None:
        entomb(profiles, 4)
        profiles.put(state(3))
        assert self.versions(profiles) == []

    def test_who_comes_back_is_there_again(self, profiles: Topic) -> None:
        entomb(profiles, 4)
        profiles.put(state(5))
        assert self.versions(profiles) == [5]

    def test_a_later_epoch_is_greater_than_any_version(self, profiles: Topic) -> None:
        profiles.put(state(9), state(1, epoch=LATER_EPOCH), state(10))
        assert self.versions(profiles) == [1]

    def test_whom_a_later_epoch_does_not_know_is_nobody(self, profiles: Topic) -> None:
        lost = UUID("00000000-0000-7000-8000-00000000bbbb")
        profiles.put(state(9).model_copy(update={"person_id": lost}))
        profiles.put(state(1, epoch=LATER_EPOCH))
        assert self.versions(profiles) == [1]

    @given(st.data())
    def test_a_compacted_topic_says_what_the_whole_one_says(self, data: st.DataObject) -> None:
        """However far Kafka has come: it may have dropped whatever a later message replaces."""
        whole = Topic(topics.profiles(AGENCY))
        for version, (person, gone) in enumerate(data.draw(st.lists(STANDINGS, min_size=1)), 1):
            if gone:
                entomb(whole, version, person)
            else:
                whole.put(state(version, person=person))
        compacted = Topic(topics.profiles(AGENCY))
        last = {one.key: one.offset for one in whole.messages}
        kept = set[bytes | None]()
        for one in whole.messages:
            bare = one.value is None and one.key not in kept  # it outlives what it replaces
            if not (bare or last[one.key] > one.offset) or data.draw(st.booleans()):
                compacted.take(one.key or b"", one.value, one.headers)
                kept.add(one.key)
        assert sorted(self.versions(compacted)) == sorted(self.versions(whole))
