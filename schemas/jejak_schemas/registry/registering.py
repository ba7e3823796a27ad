"""The operator's act: every released schema under its subject, by RecordNameStrategy.

An inbox holds many classes, so a subject is a class's full name, not a topic's.
"""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jejak_schemas import avro
from jejak_schemas.registry.access import Access, client_of
from jejak_schemas.registry.errors import RegistryRefuses

if TYPE_CHECKING:
    from jejak_schemas.registry.client import RegistryClient

COMPATIBILITY: Final = "FULL_TRANSITIVE"


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registry holds of ours now: so many subjects and versions, `new` of them put now."""

    subjects: int
    versions: int
    new: int


def subject_of(name: str) -> str:
    """The subject of a class: `id.jejak.events.CourseCompleted`."""
    return f"{avro.NAMESPACE}.{name}"


def text_of(schema: avro.Schema) -> str:
    """A released schema as a registry holds it: without the file's last line break.

    Confluent's clients strip what they are given, and some registries compare texts.
    """
    return avro.released_text(schema.name, schema.version).strip()


def register_all(access: Access | str, *, patience: float = 10.0) -> Registered:
    """Put every released version under its subject, in order; what stands there stays.

    Each subject takes only versions that read and are read by all before (FULL_TRANSITIVE), from
    its first on. The numbers of versions there are the registry's own: it may hold one of ours in
    another lay-out too.

    Raises BadAddress, NotInstalled, RegistryAway; RegistryRefuses where we may not write there, or
    a subject holds what is not compatible.
    """
    where = Access.of(access) if isinstance(access, str) else access
    names = sorted(avro.released())
    with closing(client_of(where, patience)) as client:
        new = sum(_register(client, name) for name in names)
    return Registered(len(names), sum(len(avro.versions(name)) for name in names), new)


def _register(client: "RegistryClient", name: str) -> int:
    """Put the versions of one class; how many were new."""
    subject = subject_of(name)
    first, *later = map(text_of, avro.versions(name))
    new = _put(client, subject, first)
    client.demand(subject, COMPATIBILITY)  # a subject must stand before it can be ruled
    return new + sum(_put(client, subject, text) for text in later)


def _put(client: "RegistryClient", subject: str, text: str) -> bool:
    """Put one version, if it is not there; whether it was new."""
    try:
        if client.id_of(subject, text) is not None:
            return False
        client.put(subject, text)
    except RegistryRefuses as refused:
        raise RegistryRefuses(f"{subject}: {refused}") from None
    return True
