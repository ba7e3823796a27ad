"""What the library forgets of a group, and what it asks too often, is mended."""

import asyncio

from jejak_consumers.kafka.group import keep_joins, pace_lookups


class Coordinator:
    """The two steps of kafka-python's group coordinator that matter."""

    def __init__(self) -> None:
        self.joins = 0
        self.completed: list[tuple[object, ...]] = []
        self.fails = False
        self.rejoin_needed = False

    async def _do_join_and_sync_async(self) -> bytes:
        self.joins += 1
        if self.fails:
            raise TimeoutError
        return f"assignment {self.joins}".encode()

    async def _on_join_complete_async(self, *joined: object) -> None:
        self.completed.append(joined)


def test_a_join_is_used_until_it_is_completed() -> None:
    coordinator = Coordinator()
    keep_joins(coordinator)
    for _ in range(3):
        assert asyncio.run(coordinator._do_join_and_sync_async()) == b"assignment 1"
    asyncio.run(coordinator._on_join_complete_async(5, "me"))
    assert coordinator.completed == [(5, "me")]
    assert asyncio.run(coordinator._do_join_and_sync_async()) == b"assignment 2"


def test_a_join_is_needed_until_it_is_completed() -> None:
    coordinator = Coordinator()
    keep_joins(coordinator)
    asyncio.run(coordinator._do_join_and_sync_async())
    assert coordinator.rejoin_needed


def test_a_join_that_fails_is_tried_again() -> None:
    coordinator = Coordinator()
    keep_joins(coordinator)
    coordinator.fails = True
    try:
        asyncio.run(coordinator._do_join_and_sync_async())
    except TimeoutError:
        coordinator.fails = False
    assert asyncio.run(coordinator._do_join_and_sync_async()) == b"assignment 2"


class Lookup:
    """The step by which a coordinator is looked up, and what it uses; nobody sleeps."""

    def __init__(self, delay: float) -> None:
        self.done: list[object] = []
        self._delay = delay
        self._net = self._client = self

    async def _send_group_coordinator_request(self) -> str:
        self.done.append("looked up")
        return "coordinator-1"

    def connection_delay(self, node: str) -> float:
        assert node == "coordinator-1"
        return self._delay

    async def sleep(self, seconds: float) -> None:
        self.done.append(seconds)


def test_a_coordinator_that_is_away_is_found_no_sooner_than_it_may_be_tried_again() -> None:
    lookup = Lookup(delay=0.7)
    pace_lookups(lookup)
    assert asyncio.run(lookup._send_group_coordinator_request()) == "coordinator-1"
    assert lookup.done == ["looked up", 0.7]
