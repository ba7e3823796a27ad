"""The provider's side of Jejak: emit events, read receipts, send files.

    from jejak_producers import Producer

    with Producer("lan.toml") as producer:
        sent = producer.emit(event).result()               # the brokers have it
        receipt = producer.emit(event, wait="receipt").result(30)  # the ledger has answered

Nothing connects at import. The errors are told in `jejak_producers.errors`.
"""

from jejak_producers.delivery import Awaited, Delivery, Packed, Sent
from jejak_producers.errors import (
    BadEvent,
    BadFile,
    BrokersAway,
    Closed,
    NoReceipt,
    NoRoom,
    NotAllowed,
    ProducerError,
    RegistryAway,
    RegistryRefuses,
    SourceChanged,
    WrongUserOrPassword,
)
from jejak_producers.plain import event_of
from jejak_producers.producer import Producer, pack
from jejak_schemas.credentials import Credentials, CredentialsError
from jejak_schemas.outgoing import Receipt

__all__ = [
    "Awaited",
    "BadEvent",
    "BadFile",
    "BrokersAway",
    "Closed",
    "Credentials",
    "CredentialsError",
    "Delivery",
    "NoReceipt",
    "NoRoom",
    "NotAllowed",
    "Packed",
    "Producer",
    "ProducerError",
    "Receipt",
    "RegistryAway",
    "RegistryRefuses",
    "Sent",
    "SourceChanged",
    "WrongUserOrPassword",
    "event_of",
    "pack",
]
