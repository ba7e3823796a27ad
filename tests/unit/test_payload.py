"""Payloads give back exactly what was packed, and refuse what is not theirs."""

import base64
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from jejak_lrs import dictionaries
from jejak_lrs.dictionaries import train
from jejak_lrs.errors import BadPayload
from jejak_lrs.ledger.payload import MAX_PLAIN_BYTES, Packer, Unpacker

STATEMENTS = [
    json.dumps({"actor": f"person-{n * 7919 % 1000}", "verb": "completed", "n": n}).encode()
    for n in range(2000)
]


@pytest.fixture(scope="module")
def trained() -> bytes:
    return zstandard.train_dictionary(4096, STATEMENTS).as_bytes()


@given(st.binary(max_size=2000))
def test_what_was_packed_comes_back(plain: bytes) -> None:
    assert Unpacker({}).unpack(Packer().pack(plain)) == plain


def test_a_dictionary_makes_a_payload_small_and_is_named_in_it(trained: bytes) -> None:
    payload = Packer(7, trained).pack(STATEMENTS[5])

    assert payload[:2] == b"\x01\x07"
    assert len(payload) < len(Packer().pack(STATEMENTS[5]))
    assert Unpacker({7: trained}).unpack(payload) == STATEMENTS[5]


def test_the_frame_has_its_size_and_neither_dictionary_id_nor_checksum(trained: bytes) -> None:
    frame = zstandard.get_frame_parameters(Packer(7, trained).pack(STATEMENTS[5])[2:])

    assert frame.content_size == len(STATEMENTS[5])
    assert frame.dict_id == 0
    assert not frame.has_checksum


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x01",
        b"\x02\x00rest",
        b"\x01\x00",
        b"\x01\x00not zstd",
        b"\x01\x09" + Packer().pack(b"x")[2:],
        Packer().pack(b"x" * 100)[:-1],
        Packer().pack(b"x") + b"!",
    ],
)
def test_what_is_not_a_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(BadPayload):
        Unpacker({}).unpack(payload)


def test_a_small_payload_that_claims_much_is_refused() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(MAX_PLAIN_BYTES + 1))
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(b"x")

    for frame in (bomb, unsized):
        with pytest.raises(BadPayload, match="claims"):
            Unpacker({}).unpack(b"\x01\x00" + frame)


def test_a_statement_too_large_to_read_back_is_not_packed() -> None:
    with pytest.raises(ValueError, match="too large"):
        Packer().pack(bytes(MAX_PLAIN_BYTES + 1))


def test_number_and_dictionary_go_together() -> None:
    with pytest.raises(ValueError, match="go together"):
        Packer(3, b"")


def test_the_shipped_dictionaries_are_what_their_manifest_says() -> None:
    plain = b'{"version":"2.0.0"}'

    assert dictionaries.unpacker().unpack(dictionaries.packer().pack(plain)) == plain


def test_payloads_of_every_dictionary_ever_shipped_are_read() -> None:
    folder = Path(__file__).parents[1] / "data" / "payloads"
    kept = {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}
    read = {}
    for name, golden in kept.items():
        payload = base64.b64decode(golden["payload"])
        assert dictionaries.unpacker().unpack(payload) == golden["plain"].encode(), name
        read[payload[1]] = name
    assert read == {number: f"statements-{number}" for number in dictionaries.shipped()}


def test_training_adds_a_numbered_file_with_its_hash(tmp_path: Path) -> None:
    (tmp_path / dictionaries.MANIFEST).write_text("[]")

    first = train.train(STATEMENTS, tmp_path, size=4096, drawings=2)
    second = train.train(STATEMENTS, tmp_path, size=4096, drawings=2)

    entries = json.loads((tmp_path / dictionaries.MANIFEST).read_text())
    assert [entry["number"] for entry in entries] == [1, 2]
    assert [first.name, second.name] == ["statements-1.zdict", "statements-2.zdict"]
