"""What a compacted profile topic says: where each person stands."""

from collections.abc import Iterator
from uuid import UUID

from jejak_consumers.messages import Message
from jejak_consumers.reading import read_as, version_of_tombstone
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.outgoing import ProfileState


class Compacted:
    """A compacted topic's content: per person the message of the greatest (epoch, version).

    An epoch has no number: one that appears later in the topic is greater. Only the latest counts:
    a person of an earlier one may have lost this id together with the end of the ledger.
    """

    def __init__(self, framing: Framing = SINGLE_OBJECT) -> None:
        self._framing = framing
        self._epochs: dict[UUID, int] = {}
        self._held: dict[bytes, tuple[tuple[int, int], Message]] = {}

    def take(self, message: Message) -> None:
        """Take in one message, in the order of the topic."""
        epoch, version = self._version(message)
        rank = self._epochs.setdefault(epoch, len(self._epochs)), version
        key = message.key or b""
        if key not in self._held or self._held[key][0] <= rank:
            self._held[key] = rank, message

    def states(self) -> Iterator[ProfileState]:
        """The states of those who are there; a tombstone is nobody."""
        for _, message in self._latest():
            if message.value is not None:
                yield read_as(ProfileState, message, self._framing)

    def versions(self) -> dict[str, int]:
        """Up to which version everybody is known, those as well who are there no more."""
        return {(message.key or b"").decode(): version for version, message in self._latest()}

    def _latest(self) -> Iterator[tuple[int, Message]]:
        latest = len(self._epochs) - 1
        for (epoch, version), message in self._held.values():
            if epoch == latest:
                yield version, message

    def _version(self, message: Message) -> tuple[UUID, int]:
        """Epoch and version: in the state, or in a tombstone's headers."""
        if message.value is None:
            return version_of_tombstone(message)
        state = read_as(ProfileState, message, self._framing)
        return state.epoch, state.version
