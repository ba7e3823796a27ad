"""Checkpoints and proofs in a file: bytes worked out here, and what is refused."""

import base64
from dataclasses import replace

import pytest

from jejak_lrs.tlog import checkpoint, merkle, proof
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.errors import Malformed, Unsigned
from jejak_lrs.tlog.note import Signer
from jejak_lrs.tlog.proof import Proof
from tests import naive_merkle

ORIGIN = "log.example/jejak"
ENTRIES = [b"entry %d" % index for index in range(11)]
ROOT = naive_merkle.mth(ENTRIES)
CHECKPOINT = Checkpoint(ORIGIN, 11, ROOT)
SIGNER = Signer.new(ORIGIN)


def made(index: int, extra: bytes | None = None) -> Proof:
    path = naive_merkle.path(index, ENTRIES)
    return Proof(index, tuple(path), CHECKPOINT.signed(SIGNER), extra)


def test_a_checkpoint_is_three_lines() -> None:
    # The specification's own.
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = checkpoint.parse(text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert found.text() == text
    assert CHECKPOINT.text() == f"{ORIGIN}\n11\n{base64.b64encode(ROOT).decode()}\n"


def test_a_signed_checkpoint_opens_with_its_key_only() -> None:
    signed = CHECKPOINT.signed(SIGNER)
    assert checkpoint.opened(signed, SIGNER.verifier) == CHECKPOINT
    with pytest.raises(Unsigned):
        checkpoint.opened(signed, Signer.new(ORIGIN).verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHECKPOINT.text()[:-1],
        CHECKPOINT.text() + "extension\n",
        CHECKPOINT.text().replace("\n11\n", "\n011\n"),
        CHECKPOINT.text().replace("\n11\n", "\n-11\n"),
        CHECKPOINT.text().replace("\n11\n", "\n\u0661\u0661\n"),
        CHECKPOINT.text().replace("\n11\n", "\n99999999999999999999\n"),
        CHECKPOINT.text().replace("=", ""),
        f"{ORIGIN}\n11\n{base64.b64encode(ROOT[:-1]).decode()}\n",
        f"\n11\n{base64.b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n0\n{base64.b64encode(ROOT).decode()}\n",
    ],
)
def test_what_is_no_checkpoint_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        checkpoint.parse(text)


def test_a_proof_is_these_lines() -> None:
    hashes = "".join(
        base64.b64encode(each).decode() + "\n" for each in naive_merkle.path(4, ENTRIES)
    )
    expected = f"c2sp.org/tlog-proof@v1\nindex 4\n{hashes}\n{CHECKPOINT.signed(SIGNER)}"
    assert made(4).text() == expected
    assert made(4, b"\x00salt").text() == expected.replace("@v1\n", "@v1\nextra AHNhbHQ=\n")


def test_every_proof_comes_back_and_verifies() -> None:
    for index, entry in enumerate(ENTRIES):
        for extra in (None, b"", b"more"):
            found = proof.parse(made(index, extra).text())
            assert found == made(index, extra)
            assert found.verified(entry, SIGNER.verifier) == CHECKPOINT


def test_a_tree_of_one_has_a_proof_without_hashes() -> None:
    only = Checkpoint(ORIGIN, 1, merkle.leaf_hash(b"one")).signed(SIGNER)
    found = proof.parse(Proof(0, (), only).text())
    assert found.verified(b"one", SIGNER.verifier).size == 1


def test_a_proof_of_something_else_does_not_verify() -> None:
    with pytest.raises(Malformed, match="not number 4"):
        made(4).verified(ENTRIES[5], SIGNER.verifier)
    with pytest.raises(Malformed, match="not number 5"):
        replace(made(4), index=5).verified(ENTRIES[4], SIGNER.verifier)
    with pytest.raises(Unsigned):
        made(4).verified(ENTRIES[4], Signer.new(ORIGIN).verifier)


def test_a_proof_with_one_flipped_bit_does_not_verify() -> None:
    whole = made(4).text().encode()
    for at in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[at // 8] ^= 1 << at % 8
        try:
            found = proof.parse(flipped.decode()).verified(ENTRIES[4], SIGNER.verifier)
        except (UnicodeDecodeError, Malformed, Unsigned):
            continue
        pytest.fail(f"bit {at} is free: {found}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        made(4).text().replace("@v1", "@v2"),
        made(4).text().replace("index 4", "index 04"),
        made(4).text().replace("index 4\n", ""),
        made(4).text().replace("index 4\n", "index 4\nextra AA==\n"),
        made(4).text().replace("index 4\n", "index 4\nAAAA\n"),
        made(4).text().split("\n\n")[0],
    ],
)
def test_what_is_no_proof_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        proof.parse(text)
