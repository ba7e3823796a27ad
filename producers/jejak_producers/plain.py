"""Events from plain values, as a line of a file or a sample has them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jejak_producers.errors import BadEvent
from jejak_schemas import codec
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.events import Event, SystemEvent


def named(fields: Mapping[str, Any]) -> str | None:
    """The event of the catalogue that plain values name; None where they name none."""
    name = fields.get("event")
    return name if isinstance(name, str) and name in BY_NAME else None


def event_of(fields: Mapping[str, Any]) -> Event:
    """An event from plain values: `event` names the class. Raises BadEvent."""
    rest = dict(fields)
    if rest.pop("event", None) is None:
        raise BadEvent("missing", "event")
    name = named(fields)
    if name is None:
        raise BadEvent("unknown-code", "event", "is no event of the catalogue")
    entry = BY_NAME[name]
    if issubclass(entry.event, SystemEvent):
        raise BadEvent("system-only", "event")
    try:
        return entry.event.model_validate(rest)
    except ValidationError as error:
        raise BadEvent.of(codec.refusal_of(error)) from None
