"""The ledger's tables as SQLAlchemy Core knows them: for answers, and as the order of COPY.

The truth is migrations/sql; a test compares.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()

_TIME = DateTime(timezone=True)


def _source() -> tuple[Column[str], Column[object], Column[int], Column[int]]:
    return (
        Column("source_kind", Text, nullable=False),
        Column("source_topic", Uuid),
        Column("source_partition", Integer),
        Column("source_offset", BigInteger),
    )


ledger_head = Table(
    "ledger_head",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("epoch", Uuid, nullable=False),
    Column("next_position", BigInteger, nullable=False),
    Column("next_outcome", BigInteger, nullable=False),
    Column("registry_version", BigInteger, nullable=False),
    Column("last_stored", _TIME, nullable=False),
    Column("partitioned_to", BigInteger, nullable=False),
    Column("partition_width", BigInteger, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("statement_id", Uuid, nullable=False),
    Column("stored", _TIME, nullable=False),
    Column("occurred_at", _TIME, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("on_behalf_of", Text),
    Column("person_id", Uuid),
    Column("agency", Text),
    Column("verb", Text),  # null: event_verb has it
    Column("activity", Text),
    *_source(),
    Column("mapping_version", Integer, nullable=False),
    Column("warnings", Text),  # codes, a space between
    Column("payload", LargeBinary),
    Column("salt", LargeBinary),
    Column("tag_salt", LargeBinary),  # select it as writer or eraser only
    Column("content_tag", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
)

statement_key = Table(
    "statement_key",
    metadata,
    Column("statement_id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

statement_reference = Table(
    "statement_reference",
    metadata,
    Column("target", Uuid, primary_key=True),
    Column("position", BigInteger, primary_key=True),
)

outcome = Table(
    "outcome",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("at_position", BigInteger, nullable=False),
    Column("stored", _TIME, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text),
    Column("event_id", Uuid),
    *_source(),
    Column("of_position", BigInteger),
    Column("reason", Text),
    Column("field", Text),
    Column("detail", Text),
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
)

inbox_offset = Table(
    "inbox_offset",
    metadata,
    Column("topic_id", Uuid, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("stopped", Text),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("stored", _TIME, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text),
    Column("event_id", Uuid),
    *_source(),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("detail", Text),
    Column("trace", Text),
    Column("original_key", LargeBinary),
    Column("original_value", LargeBinary),
    Column("header_names", ARRAY(LargeBinary)),
    Column("header_values", ARRAY(LargeBinary)),
    Column("status", Text, nullable=False),
)

handling = Table(
    "handling",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("handled", _TIME, primary_key=True),
    Column("act", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text),
    Column("field", Text),
    Column("position", BigInteger),
)

access = Table(
    "access",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", _TIME, nullable=False),
    Column("role", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

party = Table(
    "party",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("code", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("senders", ARRAY(Text), nullable=False),
    Column("forms", ARRAY(Text), nullable=False),
)

erasure = Table(
    "erasure",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("ordered", BigInteger, nullable=False),
)

person = Table(
    "person",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

person_alias = Table(
    "person_alias",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("since", Date, nullable=False),
    Column("statement_id", Uuid, nullable=False),
)

person_registered = Table(
    "person_registered",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("outcome_number", BigInteger, nullable=False),
)

chain = Table(
    "chain",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("epoch", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

dictionary = Table(
    "dictionary",
    metadata,
    Column("number", SmallInteger, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

event_verb = Table(
    "event_verb",
    metadata,
    Column("event_type", Text, primary_key=True),
    Column("verb", Text, nullable=False),
)

epoch = Table(
    "epoch",
    metadata,
    Column("epoch", Uuid, primary_key=True),
    Column("before", Uuid, nullable=False),
    Column("at_position", BigInteger, nullable=False),
    Column("at_outcome", BigInteger, nullable=False),
    Column("differs_from", BigInteger, nullable=False),
    Column("began", _TIME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("epoch", Uuid, nullable=False),
    Column("tree", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("stored", _TIME, nullable=False),
)

cosignature = Table(
    "cosignature",
    metadata,
    Column("epoch", Uuid, primary_key=True),
    Column("tree", Text, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("witness", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("stored", _TIME, nullable=False),
)

APPEND_ONLY = (
    record,
    statement_key,
    statement_reference,
    outcome,
    handling,
    access,
    party,
    erasure,
    person,
    person_alias,
    person_registered,
    dictionary,
    event_verb,
    epoch,
    checkpoint,
    cosignature,
)
