"""The publisher's writer: what is visible when something fails, over an outbox in memory."""

from collections.abc import Sequence

import pytest

from jejak_consumers import errors
from jejak_consumers.messages import Outbox, Post
from jejak_consumers.publisher import Postman

POSTS = [Post("t", b"1", b"one"), Post("t", b"2", b"two")]


class MemoryOutbox(Outbox):
    """Keeps what was committed; fails where it is told to."""

    def __init__(self, log: list[str], fails: str = "") -> None:
        self.log = log
        self.fails = fails

    def send(self, posts: Sequence[Post]) -> None:
        self._do(f"send {len(posts)}")

    def commit(self) -> None:
        self._do("commit")

    def close(self) -> None:
        self.log.append("close")

    def _do(self, what: str) -> None:
        if self.fails and what.startswith(self.fails):
            raise errors.BrokersAway(what)
        self.log.append(what)


def test_one_writer_serves_many_batches() -> None:
    log: list[str] = []
    opened = iter([MemoryOutbox(log)])
    postman = Postman(lambda: next(opened))
    for _ in range(2):
        postman.sit_down()
        postman.deliver(POSTS)
    assert log == ["send 2", "commit", "send 2", "commit"]


def test_nothing_to_say_opens_nothing() -> None:
    Postman(lambda: pytest.fail("opened")).deliver([])


def test_what_was_read_without_a_writer_is_never_sent() -> None:
    postman = Postman(lambda: pytest.fail("opened"))
    with pytest.raises(ValueError, match="without a writer"):
        postman.deliver(POSTS)


@pytest.mark.parametrize("step", ["send", "commit"])
def test_any_failure_ends_the_writer_and_the_next_batch_has_a_new_one(step: str) -> None:
    log: list[str] = []
    opened = iter([MemoryOutbox(log, fails=step), MemoryOutbox(log)])
    postman = Postman(lambda: next(opened))
    postman.sit_down()
    with pytest.raises(errors.BrokersAway):
        postman.deliver(POSTS)
    assert log[-1] == "close"
    assert log.count("commit") == 0
    postman.sit_down()
    postman.deliver(POSTS)
    assert log[-2:] == ["send 2", "commit"]


def test_a_post_shows_no_content() -> None:
    assert "one" not in repr(POSTS[0])
