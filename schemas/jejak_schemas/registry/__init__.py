"""A schema registry, as a framing of messages: Confluent's, subjects by RecordNameStrategy.

    from jejak_schemas.registry import SchemaRegistry

    framing = SchemaRegistry("https://registry.example.go.id/apis/ccompat/v7")
    Producer("lan.toml", framing=framing)

Needs `pip install 'jejak[registry]'`; importing this needs nothing of it, and connects to nothing.
"""

from jejak_schemas.registry.access import Access
from jejak_schemas.registry.errors import (
    BadAddress,
    Fatal,
    NotInstalled,
    NotRegistered,
    RegistryAway,
    RegistryError,
    RegistryRefuses,
    Retry,
)
from jejak_schemas.registry.framing import SchemaRegistry
from jejak_schemas.registry.registering import Registered, register_all

__all__ = [
    "Access",
    "BadAddress",
    "Fatal",
    "NotInstalled",
    "NotRegistered",
    "Registered",
    "RegistryAway",
    "RegistryError",
    "RegistryRefuses",
    "Retry",
    "SchemaRegistry",
    "register_all",
]
