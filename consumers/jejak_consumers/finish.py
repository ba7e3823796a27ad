"""From a resolved event to a finished row: statement, seal, compression. The walk's last steps."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from msgspec import Struct

from jejak_lrs.ledger import seal
from jejak_lrs.ledger.batch import SYSTEM, Alias, Original, Row, Source
from jejak_lrs.ledger.effects import WITH_EFFECTS, erased_by, party_change, target_of
from jejak_schemas import avro, codec
from jejak_schemas.clock import moment_of
from jejak_schemas.codec import Read
from jejak_schemas.events import Event, PersonMerged
from jejak_schemas.mapping import MAPPING_VERSION, own_name, statement_of
from jejak_schemas.plain import Said, id_of, values_of
from jejak_schemas.wording import NameOf


class Standing(Struct, frozen=True, gc=False):
    """What a record says beside its statement: of whom, whose, from where, with what remarks."""

    source: Source
    person_id: UUID | None = None
    agency: str | None = None
    warnings: tuple[str, ...] = ()
    needs: tuple[Alias, ...] = ()
    registers: UUID | None = None
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class Finisher:
    """Makes rows. `pack` compresses a statement's exact bytes (jejak_lrs.ledger.payload)."""

    pack: Callable[[bytes], bytes]

    def finish(self, read: Read, standing: Standing, name_of: NameOf = own_name) -> Row:
        """The finished row of an event as it was received.

        `name_of` is who is behind each reference, where the event is not resolved.
        """
        entry, said = read.entry, read.said
        statement = statement_of(entry, said, name_of)
        salt, tag_salt = seal.salts()
        digest = seal.digest(read.schema.sha256, read.body)
        event = read.event if entry.name in WITH_EFFECTS else None
        row = Row(  # by place: by name it takes three times as long (measured)
            id_of(said["event_id"]),
            moment_of(said["occurred_at"]),
            entry.name,
            said["party"],
            said["on_behalf_of"],
            standing.person_id,
            standing.agency,
            statement.verb,
            statement.activity,
            standing.source,
            MAPPING_VERSION,
            self.pack(statement.plain),
            salt,
            tag_salt,
            seal.content_tag(tag_salt, digest),
            digest,
            b"",
            standing.warnings,
            standing.needs,
            _target(event, said, name_of) if event else None,
            party_change(event) if event else None,
            standing.registers,
            erased_by(event) if event else (),
            standing.original,
        )
        row.commitment = seal.record_commitment(row, statement.plain)
        return row

    def finish_system(self, event: Event, person_id: UUID | None = None) -> Row:
        """The row of an event that the system itself makes."""
        schema = avro.released()[type(event).__name__]
        body = codec.body_of(codec.encode(event))
        read = Read(schema, body, values_of(event))
        return self.finish(read, Standing(SYSTEM, person_id=person_id))


def _target(event: Event, said: Said, name_of: NameOf) -> UUID | None:
    """What an event acts on, also where it is not resolved."""
    if isinstance(event, PersonMerged):
        return UUID(name_of(said["absorbed"]))
    return target_of(event)
