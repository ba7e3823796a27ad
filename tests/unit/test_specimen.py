"""A quarantined message as a person may see it: all that can be read, no number of a person."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from jejak.specimen import Specimen, masked, specimen
from jejak_lrs.ledger.batch import Delivered, Source
from jejak_lrs.ledger.quarantine import Quarantined
from jejak_schemas import codec
from jejak_schemas.dissection import dissect
from jejak_schemas.events import CourseCompleted
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.parts import Activity, PersonRef
from tests.faults import NIPS

NIP = "198503122010011002"
EVENT = CourseCompleted(
    event_id=UUID("019d2e85-9680-7bfb-be81-58eadb8d70eb"),
    occurred_at=datetime(2026, 3, 9, 2, 15, tzinfo=UTC),
    party="pusdiklat",
    learner=PersonRef(nip=NIP),
    activity=Activity(id="https://pusdiklat.example/k/1", name={"id": "Analisis"}),
)
VALUE = codec.encode(EVENT)


def seen(
    value: bytes | None, key: bytes | None = NIP.encode(), *, reveal: bool = False
) -> Specimen:
    held = Quarantined(
        number=7, stored=EVENT.occurred_at, kind="refused", party="pusdiklat", event_id=None,
        source=Source("inbox"), reason="internal", field=None, detail=None, status="waiting",
        again=None, trace=None, original=Delivered(key, value, (("peserta", key),)),
    )  # fmt: skip
    return specimen(held, SINGLE_OBJECT, reveal=reveal)


def text_of(of: Specimen) -> str:
    letters = "".join(line[57:] for line in of.dump)
    return f"{of.key} {of.headers['peserta']} {of.content.fields} {letters}"


def bytes_of(of: Specimen) -> bytes:
    return bytes.fromhex("".join(line[8:55] for line in of.dump))


def test_a_whole_message_is_taken_apart_with_its_times_as_people_write_them() -> None:
    found = dissect(VALUE)
    assert (found.schema, found.fault) == ("CourseCompleted", None)
    assert found.fields["occurred_at"] == "2026-03-09T02:15:00.000000Z"
    assert found.fields["event_id"] == str(EVENT.event_id)
    assert found.fields["learner"]["nip"] == NIP


def test_of_a_broken_message_all_that_stands_before_the_break_is_shown() -> None:
    whole = dissect(VALUE).fields
    lengths = []
    for cut in range(len(VALUE)):
        found = dissect(VALUE[:cut])
        assert found.fault
        assert dict(found.fields) == {name: whole[name] for name in found.fields}
        lengths.append(len(found.fields))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "no value"),
        (b"", "no framing's"),
        (b"{}", "no framing's"),
        (VALUE[:2] + b"\x00" * 8, "no released schema"),
        (VALUE + b"\x00\x00", "2 bytes follow its end"),
        (b"\x00" * 100_000, "100000 bytes"),
    ],
)
def test_what_is_wrong_with_the_whole_is_said(value: bytes | None, fault: str) -> None:
    assert fault in (dissect(value).fault or "")


def test_a_number_of_a_person_shows_nowhere_unless_revealed() -> None:
    for value in (VALUE, VALUE[:-5], b"garbage " + NIP.encode(), b"\xff" + NIP.encode() + b"\xfe"):
        hidden, shown = seen(value), seen(value, reveal=True)
        assert NIP not in text_of(hidden)
        assert NIP in text_of(shown)
        assert bytes_of(shown) == value
        assert "**" in "".join(hidden.dump)


def test_a_number_is_hidden_in_every_spelling_and_also_where_it_is_mistyped() -> None:
    for nip in (*NIPS, NIP[:-1], NIP + "3", "19850312-2010011-002", "31990045"):
        found = text_of(seen(f"catatan {nip} akhir".encode(), key=nip.encode()))
        digits = sum(letter.isdigit() for letter in found)
        assert digits == 0, nip


def test_a_field_that_names_a_person_is_hidden_whatever_it_holds() -> None:
    value = codec.encode(EVENT.model_copy(update={"learner": PersonRef(nrp="ABCDEFG")}))
    found = seen(value, key=b"x")
    assert found.content.fields["learner"]["nrp"] == "*******"
    assert "ABCDEFG" not in text_of(found)


def test_what_names_nobody_stays_readable() -> None:
    assert masked("019d2e85-9680-7bfb-be81-58eadb8d70eb").startswith("019d2e85")
    assert masked("Pelatihan 2026, angkatan 12") == "Pelatihan 2026, angkatan 12"
    found = seen(VALUE)
    assert found.content.fields["party"] == "pusdiklat"
    assert found.content.fields["event_id"] == str(EVENT.event_id)
