"""Signed notes: the specification's and Go's own examples, and what is refused."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jejak_lrs.tlog import note
from jejak_lrs.tlog.errors import Malformed, Unsigned
from jejak_lrs.tlog.note import COSIGNATURE, Signer, Verifier

# C2SP signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""  # noqa: E501
# golang.org/x/mod/sumdb/note; a key that is published belongs to nobody.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_LINE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

TEXT = "log.example/jejak\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def cosigned(text: str, name: str, key: Ed25519PrivateKey, seconds: int) -> tuple[str, Verifier]:
    """A cosignature line, made here from the specification, and the key that verifies it."""
    verifier = Verifier(name, key.public_key().public_bytes_raw(), COSIGNATURE)
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    content = verifier.key_id + seconds.to_bytes(8, "big") + signature
    return f"— {name} {base64.b64encode(content).decode()}\n", verifier


def test_the_example_of_the_specification_opens() -> None:
    verifier = Verifier.parse(EXAMPLE_KEY)
    assert note.opened(EXAMPLE, verifier) == "This is an example message.\n"
    assert str(verifier) == EXAMPLE_KEY


def test_gos_key_signs_as_go_does() -> None:
    signer = Signer.parse(GO_SECRET)
    assert note.sign(GO_TEXT, signer) == f"{GO_TEXT}\n{GO_LINE}"
    assert str(signer.verifier) == GO_KEY
    assert signer.secret == GO_SECRET


def test_a_new_key_comes_back_from_its_texts_and_never_shows_its_secret() -> None:
    signer = Signer.new("log.example/jejak")
    again = Signer.parse(signer.secret)
    assert again.sign(TEXT) == signer.sign(TEXT)
    assert Verifier.parse(str(signer.verifier)) == signer.verifier
    _, _, key = signer.secret.partition(f"+{signer.verifier.key_id.hex()}+")
    assert len(key) == 44  # base64, in which a + may stand as well
    assert key not in repr(signer) + str(signer)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.integers(0, 5))
def test_any_text_comes_back(text: str, empty_lines: int) -> None:
    whole = text + "\n" * (1 + empty_lines)
    signer = Signer.parse(GO_SECRET)
    assert note.opened(note.sign(whole, signer), signer.verifier) == whole


def test_signatures_of_strangers_are_ignored() -> None:
    ours, stranger = Signer.new("ours"), Signer.new("stranger")
    both = note.sign(TEXT, stranger, ours)
    assert note.opened(both, ours.verifier) == TEXT
    assert note.signed_by(both, ours.verifier) == [ours.verifier]
    with pytest.raises(Unsigned, match="not signed by theirs"):
        note.opened(both, Signer.new("theirs").verifier)
    with pytest.raises(Unsigned, match="anybody"):
        note.opened(both)


def test_a_note_with_one_flipped_bit_does_not_open() -> None:
    signer = Signer.new("ours")
    whole = note.sign(TEXT, signer).encode()
    for at in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[at // 8] ^= 1 << at % 8
        try:
            text = note.opened(flipped.decode(), signer.verifier)
        except (UnicodeDecodeError, Malformed, Unsigned):
            continue
        pytest.fail(f"bit {at} is free: {text!r}")


def test_a_known_keys_wrong_signature_spoils_the_note() -> None:
    ours, theirs = Signer.new("ours"), Signer.new("theirs")
    wrong = ours.sign("something else\n")
    whole = note.sign(TEXT, theirs) + str(wrong)
    assert note.opened(whole, theirs.verifier) == TEXT
    with pytest.raises(Unsigned, match="by ours does not verify"):
        note.opened(whole, theirs.verifier, ours.verifier)


def test_a_witness_cosigns_with_a_time() -> None:
    log, key = Signer.new("log.example/jejak"), Ed25519PrivateKey.generate()
    line, witness = cosigned(TEXT, "witness.example/w1", key, 1_679_315_147)
    whole = note.sign(TEXT, log) + line
    assert note.signed_by(whole, log.verifier, witness) == [log.verifier, witness]
    assert Verifier.parse(str(witness)) == witness
    # The same key under the other algorithm is another key.
    assert replace(witness, algorithm=note.ED25519).key_id != witness.key_id
    later = line.encode()
    assert [each.name for each in note.signatures(later.decode())] == ["witness.example/w1"]


def test_another_time_is_not_what_the_witness_said() -> None:
    line, witness = cosigned(TEXT, "w", Ed25519PrivateKey.generate(), 1_679_315_147)
    (signature,) = note.signatures(line)
    other = (1_679_315_148).to_bytes(8, "big") + signature.signature[8:]
    assert witness.verifies(TEXT, signature.signature)
    assert not witness.verifies(TEXT, other)
    assert not witness.verifies(TEXT, signature.signature[:-1])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        TEXT,
        TEXT + "\n",
        TEXT + GO_LINE,
        f"{TEXT}\n{GO_LINE}"[:-1],
        f"{TEXT}\n{GO_LINE}\n",
        f"{TEXT}\n{GO_LINE.replace('— ', '- ')}",
        f"{TEXT}\n{GO_LINE.replace('=', '')}",
        f"{TEXT}\n— PeterNeumann x08gow==\n",
        f"{TEXT}\n— Peter+Neumann {GO_LINE.split(' ')[2]}",
        f"{TEXT}\n—  {GO_LINE.split(' ')[2]}",
        f"a\rb\n\n{GO_LINE}",
        f"a\n\n{GO_LINE * 101}",
    ],
)
def test_what_is_no_note_is_malformed(wrong: str) -> None:
    with pytest.raises(Malformed):
        note.opened(wrong, Verifier.parse(GO_KEY))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "PeterNeumann",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY[:-4],
        GO_KEY.replace("+ARpc", "+Ahpc"),
    ],
)
def test_what_is_no_key_is_malformed(wrong: str) -> None:
    with pytest.raises(Malformed):
        Verifier.parse(wrong)


def test_a_broken_secret_is_refused_without_a_word_of_it() -> None:
    for wrong in (GO_SECRET[12:], GO_SECRET[:-4], GO_SECRET.replace("c74f", "c74e")):
        with pytest.raises(Malformed) as caught:
            Signer.parse(wrong)
        assert "AYEKFALV" not in str(caught.value)
