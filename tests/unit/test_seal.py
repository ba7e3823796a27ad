"""Sealing, recomputed here byte by byte with nothing but hashlib."""

import hashlib
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.pretty import pretty_repr

from jejak_lrs.ledger import seal
from jejak_lrs.ledger.batch import SYSTEM, Row, Source
from tests import rows

SALT = bytes(range(16))


def test_who_is_met_is_shown_without_the_number_and_its_salt() -> None:
    new = rows.newcomer("199001012015011001")
    shown = repr(new) + pretty_repr(new) + repr(new.row) + pretty_repr(new.row)
    assert "199001012015011001" not in shown
    assert str(new.alias.salt) not in shown
    assert str(new.row.salt) not in shown


def test_a_record_commitment_worked_by_hand() -> None:
    fields = b"".join(
        [
            SALT,
            b"\x01",  # version of the encoding
            b"\x00\x00\x00\x10" + bytes.fromhex("019340d0000070008000000000000001"),  # id
            b"\x00\x00\x00\x08" + (1_793_525_400_000_001).to_bytes(8, "big"),  # occurred_at
            b"\x00\x00\x00\x0fCourseCompleted",
            b"\x00\x00\x00\x03lan",
            b"\xff\xff\xff\xff",  # on_behalf_of
            b"\x00\x00\x00\x10" + bytes(15) + b"\x07",  # person_id
            b"\x00\x00\x00\x044012",  # agency
            b"\x00\x00\x00\x10https://verb.id/",
            b"\xff\xff\xff\xff",  # activity
            b"\x00\x00\x00\x05inbox",
            b"\x00\x00\x00\x10" + bytes(15) + b"\x09",  # topic id
            b"\x00\x00\x00\x08" + bytes(7) + b"\x01",  # partition
            b"\x00\x00\x00\x08" + bytes(6) + b"\x01\x00",  # offset
            b"\x00\x00\x00\x08" + bytes(7) + b"\x01",  # mapping_version
            b"\x00\x00\x00\x20" + bytes(32),  # content_tag
            b"\x00\x00\x00\x01" + b"\x00\x00\x00\x04late",  # warnings
            b"\x00\x00\x00\x02{}",  # the statement's plain bytes
        ]
    )

    record = SimpleNamespace(
        salt=SALT,
        statement_id=UUID("019340d0-0000-7000-8000-000000000001"),
        occurred_at=datetime(2026, 11, 1, 9, 30, 0, 1, tzinfo=UTC),
        event_type="CourseCompleted",
        party="lan",
        on_behalf_of=None,
        person_id=UUID(int=7),
        agency="4012",
        verb="https://verb.id/",
        activity=None,
        source=Source("inbox", UUID(int=9), 1, 256),
        mapping_version=1,
        content_tag=bytes(32),
        warnings=("late",),
    )

    commitment = seal.record_commitment(cast("Row", record), b"{}")

    assert commitment == hashlib.sha256(fields).digest()


def test_an_outcome_commitment_worked_by_hand() -> None:
    fields = b"".join(
        [
            SALT,
            b"\x01",
            b"\x00\x00\x00\x07refused",
            b"\x00\x00\x00\x03lan",
            b"\xff\xff\xff\xff",  # event_id
            b"\x00\x00\x00\x06system",
            b"\xff\xff\xff\xff" * 3,  # no topic, partition, offset
            b"\x00\x00\x00\x08" + bytes(7) + b"\x05",  # at_position
            b"\xff\xff\xff\xff",  # of_position
            b"\x00\x00\x00\x09truncated",
            b"\xff\xff\xff\xff",  # field
        ]
    )

    commitment = seal.outcome_commitment(
        SALT,
        kind="refused",
        party="lan",
        event_id=None,
        source=SYSTEM,
        at_position=5,
        of_position=None,
        reason="truncated",
        field=None,
    )

    assert commitment == hashlib.sha256(fields).digest()


def test_an_alias_commitment_worked_by_hand() -> None:
    fields = b"\x01\x00\x00\x00\x10" + SALT + b"\x00\x00\x00\x03nip\x00\x00\x00\x04\x31\x39\x39\x30"

    assert seal.alias_commitment(SALT, "nip", "1990") == hashlib.sha256(fields).digest()


def test_a_content_tag_worked_by_hand() -> None:
    digest = hashlib.sha256(b"s" * 32 + b"body").digest()

    assert seal.digest(b"s" * 32, b"body") == digest
    assert seal.content_tag(SALT, digest) == hashlib.sha256(SALT + b"\x01" + digest).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"statement_id": UUID(int=1)},
        {"occurred_at": datetime(2026, 11, 1, 9, 30, 0, 1, tzinfo=UTC)},
        {"event_type": "x"},
        {"party": "bkn"},
        {"on_behalf_of": ""},
        {"person_id": UUID(int=0)},
        {"agency": "4012"},
        {"verb": "x"},
        {"activity": None},
        {"source": Source("redrive", rows.TOPIC, 0, 0)},
        {"source": Source("inbox", rows.TOPIC, 1, 0)},
        {"source": Source("inbox", rows.TOPIC, 0, 1)},
        {"source": Source("inbox", UUID(int=2), 0, 0)},
        {"mapping_version": 2},
        {"content_tag": bytes(32)},
        {"warnings": ("late",)},
        {"salt": bytes(16)},
    ],
)
def test_every_covered_column_changes_the_commitment(change: dict[str, object]) -> None:
    row = rows.row(0)
    changed = replace(row, **change)  # type: ignore[arg-type]

    assert rows.commitment_of(changed, b"completed") != row.commitment
    assert rows.commitment_of(row, b"completed!") != row.commitment
    assert rows.commitment_of(row, b"completed") == row.commitment


@given(
    st.tuples(st.text(), st.text(), st.text() | st.none()),
    st.tuples(st.text(), st.text(), st.text() | st.none()),
)
def test_no_two_outcomes_share_a_commitment(
    one: tuple[str, str, str | None], other: tuple[str, str, str | None]
) -> None:
    def commitment(reason: str, party: str, field: str | None) -> bytes:
        return seal.outcome_commitment(
            SALT,
            kind="refused",
            party=party,
            event_id=None,
            source=SYSTEM,
            at_position=0,
            of_position=None,
            reason=reason,
            field=field,
        )

    assert (commitment(*one) == commitment(*other)) == (one == other)


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal.content_tag(b"", bytes(32))


def test_salts_are_fresh() -> None:
    salts = {salt for _ in range(50) for salt in (*seal.salts(), seal.salt())}

    assert len(salts) == 150
    assert {len(salt) for salt in salts} == {16}


def test_fields_are_the_tables_columns_without_position_and_salts() -> None:
    from jejak_lrs import tables  # noqa: PLC0415  only this test needs SQLAlchemy

    apart = {"position", "stored", "salt", "tag_salt", "commitment", "payload"}
    assert set(seal.RECORD_FIELDS) == {c.name for c in tables.record.columns} - apart
    apart = {"number", "stored", "salt", "commitment", "detail"}
    assert set(seal.OUTCOME_FIELDS) == {c.name for c in tables.outcome.columns} - apart
