"""The chain's rule, held against a publisher that crashes and a topic that forgets."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jejak_consumers.chain import Numbering
from jejak_schemas.chain import Link, Place, Verdict, judge

E1 = UUID("00000000-0000-4000-8000-000000000001")
E2 = UUID("00000000-0000-4000-8000-000000000002")


@pytest.mark.parametrize(
    ("last", "link", "truncated", "verdict"),
    [
        (None, Link(E1, 41, 40), False, Verdict.ACCEPT),
        (Place(E1, 0), Link(E1, 1, 0), False, Verdict.ACCEPT),
        (Place(E1, 7), Link(E1, 8, 7), False, Verdict.ACCEPT),
        (Place(E1, 7), Link(E1, 8, 7), True, Verdict.ACCEPT),
        (Place(E1, 7), Link(E1, 7, 6), False, Verdict.DROP),
        (Place(E1, 7), Link(E1, 1, 0), True, Verdict.DROP),
        (Place(E1, 7), Link(E1, 9, 8), False, Verdict.WAIT),
        (Place(E1, 7), Link(E1, 9, 8), True, Verdict.RELOAD),
        (Place(E1, 7), Link(E2, 1, 0), False, Verdict.RELOAD),
        (Place(E1, 7), Link(E2, 8, 7), False, Verdict.RELOAD),
    ],
)
def test_a_reader_judges_each_message_by_its_numbers(
    last: Place | None, link: Link, truncated: bool, verdict: Verdict
) -> None:
    assert judge(last, link, truncated=truncated) is verdict


def test_a_topic_without_messages_begins_with_seq_1_after_0() -> None:
    assert Numbering(E1, {}).next("t") == Link(E1, 1, 0)


def test_each_topic_has_its_own_numbers() -> None:
    numbering = Numbering(E1, {"a": Place(E1, 5)})
    assert [numbering.next(topic) for topic in "aba"] == [
        Link(E1, 6, 5),
        Link(E1, 1, 0),
        Link(E1, 7, 6),
    ]
    assert numbering.given == {"a": Place(E1, 7), "b": Place(E1, 1)}


def test_a_new_epoch_numbers_every_topic_anew() -> None:
    assert Numbering(E2, {"a": Place(E1, 5)}).next("a") == Link(E2, 1, 0)


@given(
    batches=st.lists(st.integers(0, 4), max_size=6),
    crashes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=8),
    data=st.data(),
)
def test_a_reader_sees_every_message_once_in_order_however_often_the_publisher_crashed(
    batches: list[int], crashes: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A crash leaves any subset of a batch in the topic; the batch then comes again, whole."""
    topic: list[tuple[Link, int]] = []
    stored: dict[str, Place] = {}
    said = 0
    for number, size in enumerate(batches):
        for crashed, _ in crashes:
            if crashed == number:
                half = _numbered(stored, said, size)[1]
                topic += [one for one in half if data.draw(st.booleans())]
        stored, whole = _numbered(stored, said, size)
        topic += whole
        said += size
    assert _read(topic) == list(range(said))


def _numbered(
    stored: dict[str, Place], first: int, size: int
) -> tuple[dict[str, Place], list[tuple[Link, int]]]:
    numbering = Numbering(E1, stored)
    batch = [(numbering.next("t"), first + index) for index in range(size)]
    return {**stored, **numbering.given}, batch


def _read(topic: list[tuple[Link, int]]) -> list[int]:
    last: Place | None = Place(E1, 0)
    seen = []
    for link, content in topic:
        if judge(last, link, truncated=False) is Verdict.ACCEPT:
            last = link.place
            seen.append(content)
    return seen
