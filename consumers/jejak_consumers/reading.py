"""What a message that we sent says; which error it is where that cannot be read."""

from typing import TypeVar
from uuid import UUID

from jejak_consumers import errors
from jejak_consumers.messages import Message
from jejak_schemas import codec, newer
from jejak_schemas.framing import Framing
from jejak_schemas.outgoing import Change, ProfileState
from jejak_schemas.registry import errors as registry_errors

M = TypeVar("M", Change, ProfileState)


def read_as(expected: type[M], message: Message, framing: Framing) -> M:
    """The message as one of what we send.

    Raises:
        UnknownSchema: a newer Jejak sent it; says which file is needed.
        RegistryAway, RegistryRefuses: the schema registry does not answer, or refuses us.
    """
    try:
        return codec.read_as(expected, message.value, framing)
    except codec.Refusal as exc:
        raise _unreadable(message, exc, framing) from exc
    except registry_errors.Retry as exc:
        raise errors.RegistryAway(str(exc)) from exc
    except registry_errors.RegistryError as exc:
        raise errors.RegistryRefuses(str(exc)) from exc


def version_of_tombstone(message: Message) -> tuple[UUID, int]:
    """The epoch and the version of whoever is no more; they stand in headers."""
    headers = {name: content.decode("ascii", "replace") for name, content in message.headers}
    try:
        return UUID(headers["epoch"]), int(headers["version"])
    except (KeyError, ValueError) as exc:
        raise errors.Fatal(f"a tombstone without a version in {message.topic}") from exc


def _unreadable(message: Message, refusal: codec.Refusal, framing: Framing) -> errors.Fatal:
    what = f"{message.topic} offset {message.offset} cannot be read ({refusal.reason})"
    if refusal.reason == "unknown-schema" and message.value is not None:
        return errors.UnknownSchema(f"{what}: {newer.advice(message.value, framing)}")
    return errors.Fatal(f"{what}: is this Jejak older than the ledger's?")
