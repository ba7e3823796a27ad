"""Signed notes (C2SP signed-note) with Ed25519, and cosignatures on checkpoints.

A note is a text, an empty line, and one line for each signature::

    — <key name> base64(4-byte key id || signature)

    key id      first 4 bytes of SHA-256(name || 0x0A || algorithm || public key)
    vkey        <name>+<8 hex of key id>+<base64(algorithm || public key)>
    secret key  PRIVATE+KEY+<name>+<8 hex of key id>+<base64(algorithm || seed)>

An algorithm is one byte: 0x01 signs the text; 0x04 is a witness's (C2SP tlog-cosignature): its
signature is 8 bytes of time and 64 of Ed25519 over `cosignature/v1`, `time <seconds>` and the text.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jejak_lrs.tlog.errors import Malformed, Unsigned

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04

_DASH: Final = "\u2014 "
_SECRET: Final = "PRIVATE+KEY+"  # noqa: S105 - a prefix, no secret
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = {ED25519: 64, COSIGNATURE: 72}
_MOST_SIGNATURES: Final = 100  # a note with more is refused, before anything is computed


class Signature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.key_id + self.signature)}\n"

    def is_like(self, other: Signature) -> bool:
        """Whether the other says that it is of the same key."""
        return (self.name, self.key_id) == (other.name, other.key_id)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and its name. Its text, a vkey, is what is handed to those who check."""

    name: str
    public: bytes
    algorithm: int = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != _KEY_BYTES or self.algorithm not in _SIGNATURE_BYTES:
            raise Malformed(f"the key of {self.name} is not Ed25519")

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """The verifier of a vkey; Malformed where it is none, or its id is not its key's."""
        name, key_id, key = _key_parts(vkey)
        found = cls(name, key[1:], key[0])
        if found.key_id.hex() != key_id:
            raise Malformed(f"the key id {key_id} of {name} is not its key's")
        return found

    @property
    def key_id(self) -> bytes:
        """Which key it is, in 4 bytes: a hint, not a proof."""
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        key = _base64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def made(self, signature: Signature) -> bool:
        """Whether a signature line says that it is of this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether the signature is this key's on the text."""
        if len(signature) != _SIGNATURE_BYTES[self.algorithm]:
            return False
        signed = text.encode()
        if self.algorithm == COSIGNATURE:
            moment, signature = signature[:_TIME_BYTES], signature[_TIME_BYTES:]
            signed = b"cosignature/v1\ntime %d\n" % int.from_bytes(moment, "big") + signed
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name. Its secret text belongs into one file or variable, and no log."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls, name: str) -> Signer:
        """A fresh key."""
        return cls(_check_name(name), Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, secret: str) -> Signer:
        """The signer of a secret text; Malformed, without a word of it, where it is none."""
        if not secret.startswith(_SECRET):
            raise Malformed(f"a signing key begins with {_SECRET}")
        name, key_id, key = _key_parts(secret.removeprefix(_SECRET))
        if key[0] != ED25519 or len(key) != 1 + _KEY_BYTES:
            raise Malformed(f"the signing key of {name} is not Ed25519")
        found = cls(name, Ed25519PrivateKey.from_private_bytes(key[1:]))
        if found.verifier.key_id.hex() != key_id:
            raise Malformed(f"the key id {key_id} of {name} is not its signing key's")
        return found

    @property
    def secret(self) -> str:
        """The secret text, as Go's note package writes it."""
        key = _base64(bytes([ED25519]) + self._key.private_bytes_raw())
        return f"{_SECRET}{self.name}+{self.verifier.key_id.hex()}+{key}"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """This key's signature line on a text."""
        return Signature(self.name, self.verifier.key_id, self._key.sign(text.encode()))


def sign(text: str, *signers: Signer) -> str:
    """The note of a text; Malformed where the text cannot be one."""
    _check_text(text)
    return f"{text}\n" + "".join(str(signer.sign(text)) for signer in signers)


def parts(note: str) -> tuple[str, list[Signature]]:
    """A note's text and signatures, none of them verified; Malformed where it is no note."""
    text, between, lines = note.rpartition("\n\n")
    if not between or not lines.endswith("\n"):
        raise Malformed("a note is a text, an empty line and signatures, and ends in a newline")
    _check_text(text + "\n")
    found = lines[:-1].split("\n")
    if len(found) > _MOST_SIGNATURES:
        raise Malformed(f"a note has {len(found)} signatures; at most {_MOST_SIGNATURES} are read")
    return text + "\n", [_signature(line) for line in found]


def signatures(lines: str) -> list[Signature]:
    """Signature lines by themselves, as a witness answers; Malformed where one is none."""
    if not lines.endswith("\n"):
        raise Malformed("signature lines end in a newline")
    return [_signature(line) for line in lines[:-1].split("\n")]


def opened(note: str, *verifiers: Verifier) -> str:
    """The text of a note that one of the keys has signed; signatures of other keys are ignored.

    Raises:
        Malformed: it is no note.
        Unsigned: none of the keys signed it, or a signature of one of them does not verify.
    """
    if not signed_by(note, *verifiers):
        raise Unsigned(f"not signed by {' or '.join(str(each) for each in verifiers) or 'anybody'}")
    return parts(note)[0]


def signed_by(note: str, *verifiers: Verifier) -> list[Verifier]:
    """Those of the keys that signed a note; Unsigned where a signature of one does not verify."""
    text, found = parts(note)
    signed = []
    for verifier in verifiers:
        own = [each for each in found if verifier.made(each)]
        if any(not verifier.verifies(text, each.signature) for each in own):
            raise Unsigned(f"a signature by {verifier.name} does not verify")
        if own:
            signed.append(verifier)
    return signed


def _signature(line: str) -> Signature:
    name, between, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not between:
        raise Malformed("not a signature line")
    content = decode(encoded)
    if len(content) <= _ID_BYTES:
        raise Malformed(f"the signature of {name} is too short")
    return Signature(_check_name(name), content[:_ID_BYTES], content[_ID_BYTES:])


def _key_parts(text: str) -> tuple[str, str, bytes]:
    # The base64 may contain a plus: only the first two divide.
    name, _, rest = text.partition("+")
    key_id, _, key = rest.partition("+")
    content = decode(key)
    if not content:
        raise Malformed("a key is <name>+<key id>+<base64>")
    return _check_name(name), key_id, content


def _check_name(name: str) -> str:
    if not name or "+" in name or any(each.isspace() for each in name) or not name.isprintable():
        raise Malformed("a key's name is not empty and has no space and no plus")
    return name


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise Malformed("a note's text ends in a newline")
    if any(each < " " and each != "\n" for each in text):
        raise Malformed("a note has no control character but newline")


def decode(text: str) -> bytes:
    """Standard base64 with padding; Malformed where it is not, or not the one way to say it."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = None
    if content is None or _base64(content) != text:
        raise Malformed("not base64")
    return content


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
