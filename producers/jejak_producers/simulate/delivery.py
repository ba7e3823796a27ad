"""What a party puts on its inbox: one message, and the event it holds where it holds one."""

from dataclasses import dataclass, field

from jejak_schemas import codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for the inbox of `party`.

    `note` is empty for an ordinary message, else the kind of dirt (`dirt.KINDS`). `event` is
    None where the bytes hold none that could be built; `row` is then what such a party would
    have written in a JSON Lines file, empty where no text says it (broken bytes).
    The reprs of the parts that hold a NIP are hidden.
    """

    party: str
    key: bytes = field(repr=False)
    value: bytes = field(repr=False)
    note: str = ""
    event: Event | None = field(default=None, repr=False)
    row: str = field(default="", repr=False)


def delivery_of(event: Event, note: str = "", *, to: str = "") -> Delivery:
    """An event as its party sends it; `to` names another inbox than its own."""
    key = entry_of(event).key_of(event).encode()
    return Delivery(to or event.party, key, codec.encode(event), note, event)
