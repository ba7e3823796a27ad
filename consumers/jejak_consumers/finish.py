"""From a resolved event to a finished row: statement, seal, compression. The walk's last steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from jejak_lrs import seal
from jejak_lrs.batch import SYSTEM, Alias, Original, Row, Source
from jejak_lrs.effects import party_change, target_of
from jejak_schemas import avro, codec
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.statement import MAPPING_VERSION, NameOf, activity_of, own_name, to_statement


class Standing(NamedTuple):
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
    """Makes rows. `pack` compresses a statement's exact bytes (jejak_lrs.payload)."""

    pack: Callable[[bytes], bytes]

    def finish(
        self,
        event: Event,
        schema: avro.Schema,
        body: bytes,
        standing: Standing,
        name_of: NameOf = own_name,
    ) -> Row:
        """The finished row of an event; `schema` and `body` are as received.

        `name_of` is who is behind each reference, where the event is not resolved.
        """
        statement = to_statement(event, name_of)
        plain = _exact(event, statement)
        salt, tag_salt = seal.salts()
        digest = seal.digest(schema.sha256, body)
        tag = seal.content_tag(tag_salt, digest)
        name, verb, activity = type(event).__name__, statement["verb"]["id"], activity_of(statement)
        commitment = seal.record_commitment(
            salt,
            statement_id=event.event_id,
            occurred_at=event.occurred_at,
            event_type=name,
            party=event.party,
            on_behalf_of=event.on_behalf_of,
            person_id=standing.person_id,
            agency=standing.agency,
            verb=verb,
            activity=activity,
            source=standing.source,
            mapping_version=MAPPING_VERSION,
            content_tag=tag,
            warnings=standing.warnings,
            plain=plain,
        )
        return Row(
            statement_id=event.event_id,
            occurred_at=event.occurred_at,
            event_type=name,
            party=event.party,
            on_behalf_of=event.on_behalf_of,
            person_id=standing.person_id,
            agency=standing.agency,
            verb=verb,
            activity=activity,
            source=standing.source,
            mapping_version=MAPPING_VERSION,
            payload=self.pack(plain),
            salt=salt,
            tag_salt=tag_salt,
            content_tag=tag,
            commitment=commitment,
            digest=digest,
            warnings=standing.warnings,
            needs=standing.needs,
            target=target_of(event),
            party_change=party_change(event),
            registers=standing.registers,
            original=standing.original,
        )

    def finish_system(self, event: Event, person_id: UUID | None = None) -> Row:
        """The row of an event that the system itself makes."""
        schema = avro.released()[type(event).__name__]
        body = codec.body_of(codec.encode(event))
        return self.finish(event, schema, body, Standing(SYSTEM, person_id=person_id))


def _exact(event: Event, statement: dict[str, Any]) -> bytes:
    """The bytes that are kept: a provider's own statement as it wrote it."""
    if isinstance(event, StatementSubmitted):
        return event.statement.encode()
    return orjson.dumps(statement)
