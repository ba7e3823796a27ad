"""What a member of a group must mend in the library."""

from collections.abc import Callable, Iterable
from typing import Any

from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.structs import TopicPartition as TheirPartition

from jejak_consumers.messages import TopicPartition

Tell = Callable[[Iterable[TopicPartition]], None]


def keep_joins(coordinator: Any) -> None:
    """Use every join that succeeds.

    The library throws away one that ends between two polls and joins again, which makes all others
    join again: members that are busy between polls can go on so for ever (seen: 14 rounds in 20 s).
    And where a new topic was the reason, it takes the reason for settled once it has asked to join:
    should that poll end before the answer comes, no later one fetches it, and the member waits
    without heartbeats, at full speed, for good. So a join is needed until it is complete.
    """
    join, completed = coordinator._do_join_and_sync_async, coordinator._on_join_complete_async  # noqa: SLF001
    kept: list[bytes] = []

    async def join_once() -> bytes:
        coordinator.rejoin_needed = True  # the library clears it when the join is complete
        if not kept:
            kept.append(await join())
        return kept[0]

    async def complete(*joined: Any) -> None:
        kept.clear()
        await completed(*joined)

    coordinator._do_join_and_sync_async = join_once  # noqa: SLF001
    coordinator._on_join_complete_async = complete  # noqa: SLF001


def pace_lookups(coordinator: Any) -> None:
    """Look up a coordinator that is away no sooner than it may be tried again.

    Brokers name a dead one until they miss it. The library, which is not to connect to it yet, then
    asks them again at once (seen: 130 times a second, each with a line in the log).
    """
    look_up = coordinator._send_group_coordinator_request  # noqa: SLF001

    async def look_up_and_wait() -> Any:
        node = await look_up()
        await coordinator._net.sleep(coordinator._client.connection_delay(node))  # noqa: SLF001
        return node

    coordinator._send_group_coordinator_request = look_up_and_wait  # noqa: SLF001


def has_lost_its_place(coordinator: Any) -> bool:
    """Whether a new process of the same slot has taken this member's place in the group.

    The library only logs it, stops the heartbeats, and would read on for ever: a member that
    is settled and yet sends no heartbeat.
    """
    settled = coordinator.stable() and not coordinator.rejoining
    return settled and not coordinator._heartbeat_enabled  # noqa: SLF001  nothing public tells


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells of partitions, and keeps what the telling raised for the thread that polls."""

    def __init__(self, on_assigned: Tell, on_lost: Tell) -> None:
        self._on_assigned = on_assigned
        self._on_lost = on_lost
        self._trouble: Exception | None = None

    def on_partitions_assigned(self, assigned: Iterable[TheirPartition]) -> None:
        """Tell which are ours from now on."""
        self._tell(self._on_assigned, assigned)

    def on_partitions_revoked(self, revoked: Iterable[TheirPartition]) -> None:
        """Tell which are given to another."""
        self._tell(self._on_lost, revoked)

    def on_partitions_lost(self, lost: Iterable[TheirPartition]) -> None:
        """Tell which have long been another's."""
        self._tell(self._on_lost, lost)

    def raise_trouble(self) -> None:
        """Raise what a call-back raised since the last time."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _tell(self, told: Tell, partitions: Iterable[TheirPartition]) -> None:
        try:
            told([TopicPartition(*where) for where in sorted(partitions)])
        except Exception as exc:  # noqa: BLE001  the library would log it and go on
            self._trouble = exc
