"""What stands before an Avro body, and how a reader learns from it which schema wrote the body.

Two framings, told apart by the first byte: single-object encoding
(`C3 01`, then the CRC-64-AVRO fingerprint, little endian; ten bytes) and, with a schema
registry, Confluent's (`00`, then the registry's id, big endian; five bytes). The body is the same.
Sources: Avro 1.12, "Single-object encoding"; Confluent's wire format.
"""

from typing import Final, Protocol

from jejak_schemas import avro

SINGLE_OBJECT_LENGTH: Final = 10
SINGLE_OBJECT_MAGIC: Final = b"\xc3\x01"
CONFLUENT_LENGTH: Final = 5
CONFLUENT_MAGIC: Final = b"\x00"
LARGEST_ID: Final = 2**31 - 1  # a registry's ids are positive and of Java's int


class Framing(Protocol):
    """How messages are framed when written, and whose schema a frame names when read."""

    def header_of(self, schema: avro.Schema) -> bytes:
        """The bytes that stand before a body written with this schema."""
        ...

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """The schema that a header of either framing names; None where nobody knows it."""
        ...


def header_length(value: bytes) -> int | None:
    """How many bytes of a message are its header; None where its first bytes are no framing's."""
    if value[:2] == SINGLE_OBJECT_MAGIC and len(value) >= SINGLE_OBJECT_LENGTH:
        return SINGLE_OBJECT_LENGTH
    if value[:1] == CONFLUENT_MAGIC and len(value) >= CONFLUENT_LENGTH:
        return CONFLUENT_LENGTH
    return None


def registered_id(value: bytes | None) -> int | None:
    """The schema's id in a registry; None where a message is not in Confluent's framing."""
    if value is None or header_length(value) != CONFLUENT_LENGTH:
        return None
    return int.from_bytes(value[1:CONFLUENT_LENGTH], "big")


class SingleObject:
    """Single-object encoding with the released schemas; needs no service."""

    def header_of(self, schema: avro.Schema) -> bytes:
        """C3 01 and the schema's fingerprint."""
        return schema.header

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """The released schema of this fingerprint."""
        return avro.by_header().get(header)


SINGLE_OBJECT: Final[Framing] = SingleObject()
