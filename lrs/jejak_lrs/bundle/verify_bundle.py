#!/usr/bin/env python3
"""Check an evidence bundle of Jejak, offline, with nothing but Python (3.8 or later).

    python3 verify_bundle.py bundle.zip --key VKEY

VKEY is the log's public key as you have it from elsewhere: the operator's site, a witness, an
earlier bundle. Without it the keys within the bundle are used, which show that the bundle is whole,
but not who made it: whoever forges a bundle puts a key of their own into it.

It ends with 0 if everything holds, with 1 if anything does not, and says what. In this order:

1. manifest.sha256 is the hash of manifest.json, and that names the hash of every other file.
2. The checkpoint (origin, size and root of the log) is signed by the key: Ed25519, RFC 8032.
3. Every record's commitment is the hash of its salt, its columns and its statement. Whoever has
   the salt can compute it; nobody can find another statement for it. An erased record has lost
   both, and shows only that it was there, from whom, and when it was stored.
4. Every record's proof leads from its entry in the log (position, id, time of storage, party,
   commitment) to the root of the checkpoint: RFC 6962, section 2.1.
5. Every record that was chosen is one that the selection chooses; chosen by position only, all are
   there.
6. Where numbers of persons are given (identities.jsonl), each is the one that a record sealed.
7. The archive is, byte for byte, the one that its files make; nothing lies between them.

What it cannot show: that a selection by anything else than positions is complete, and that the
summary and the schemas, which no signature covers, are those that were made. Against a change of
these compare the SHA-256 of the bundle, which is printed, with the one that its maker wrote down.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import struct
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, NoReturn, Tuple, TypeVar
from uuid import UUID

T = TypeVar("T")
Record = Dict[str, Any]  # what a line of JSON says
Wrong = Tuple[str, str]  # where, what
Point = Tuple[int, int, int, int]

FORMAT = "jejak-evidence-bundle/1"
MANIFEST, SEAL, CHECKPOINT, KEYS = "manifest.json", "manifest.sha256", "checkpoint", "keys.txt"
RECORDS, IDENTITIES = "records.jsonl", "identities.jsonl"
HEADER_BYTES = 30  # of a file in a zip, before its name


def main() -> int:
    """Check the bundle that the command line names; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="the bundle's file")
    parser.add_argument("--key", action="append", help="the log's key (a vkey); may be repeated")
    asked = parser.parse_args()
    try:
        with open(asked.bundle, "rb") as file:
            content = file.read()
    except OSError as error:
        parser.error(f"cannot read {asked.bundle}: {error.strerror}")
    told, wrong = check(content, asked.key)
    for line in told:
        print(line)
    for where, what in wrong:
        print(f"WRONG  {where}: {what}")
    print(f"wrong: {len(wrong)}" if wrong else "everything holds")
    return 1 if wrong else 0


def check(content: bytes, keys: list[str] | None = None) -> tuple[list[str], list[Wrong]]:
    """What a bundle says of itself, and what is wrong with it: (where, what) for each thing."""
    bundle = Bundle(content, keys)
    try:
        bundle.check()
    except Stop:
        pass  # what was found so far is said; the rest rests on it
    except (ValueError, LookupError, TypeError, AttributeError):
        bundle.wrong.append((MANIFEST, "it is not of the format"))
    return bundle.told, bundle.wrong


class Stop(Exception):
    """Nothing more can be checked."""


class Bundle:
    """One bundle, checked part by part."""

    def __init__(self, content: bytes, keys: list[str] | None) -> None:
        self.content = content
        self.keys = keys
        self.files: dict[str, bytes] = {}
        self.records: dict[int, Record] = {}  # by position
        self.told = ["SHA-256 of the bundle: " + hashlib.sha256(content).hexdigest()]
        self.wrong: list[Wrong] = []

    def check(self) -> None:
        """All of it, in order."""
        self.open_archive()
        self.check_manifest()
        self.check_checkpoint()
        self.check_records()
        self.check_selection()
        self.check_identities()
        self.check_archive()

    def must(self, holds: bool, where: str, what: str) -> None:
        """Note what is wrong where it does not hold."""
        if not holds:
            self.wrong.append((where, what))

    def stop(self, where: str, what: str) -> NoReturn:
        """Note what is wrong, where nothing more can be checked without it."""
        self.wrong.append((where, what))
        raise Stop

    def read(self, name: str, parse: Callable[[str], T]) -> T:
        """What a file says; nothing can be checked without it."""
        try:
            return parse(self.files[name].decode())
        except (KeyError, ValueError, LookupError, TypeError):
            self.stop(name, "it is missing or cannot be read")

    # -- the archive -------------------------------------------------------------------

    def open_archive(self) -> None:
        """Its files, as they lie in it: none is compressed, and none is believed yet."""
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
                listed = archive.infolist()
        except Exception as error:  # zipfile raises what it likes on bytes that are no archive
            self.stop("archive", f"it cannot be read: {error}")
        for one in listed:
            start = one.header_offset + HEADER_BYTES + len(one.filename.encode())
            self.files[one.filename] = self.content[start : start + one.file_size]

    # -- 1. the manifest ---------------------------------------------------------------

    def check_manifest(self) -> None:
        """That every file is the one that was put in."""
        seal = sha256(self.files.get(MANIFEST, b"")) + "  " + MANIFEST + "\n"
        if self.files.get(SEAL) != seal.encode():
            self.stop(MANIFEST, "its hash is not the one sealed")
        self.manifest = self.read(MANIFEST, parse_manifest)
        listed = self.manifest["files"]
        for name in sorted(set(self.files) - set(listed) - {MANIFEST, SEAL}):
            self.wrong.append((name, "the manifest does not name it"))
        for name, expected in sorted(listed.items()):
            if name not in self.files:
                self.wrong.append((name, "it is missing"))
            else:
                self.must(sha256(self.files[name]) == expected, name, "its hash is another one")

    # -- 2. the checkpoint -------------------------------------------------------------

    def check_checkpoint(self) -> None:
        """That the log signed this tree."""
        self.note = self.read(CHECKPOINT, str)
        self.origin, self.size, self.root, text, signatures = self.read(CHECKPOINT, parse_note)
        keys = self.keys or self.read(KEYS, str.split)
        signers = [key for key in keys if signed(text, signatures, key)]
        if not signers:
            self.wrong.append((CHECKPOINT, "no signature of the key verifies"))
        said = (self.manifest["origin"], self.manifest["size"])
        self.must(said == (self.origin, self.size), MANIFEST, "it names another checkpoint")
        root = base64.b64encode(self.root).decode()
        self.told.append(f"log {self.origin}, {self.size} records, root {root}")
        whose = "the key you gave" if self.keys else "a key within: compare it with your own"
        if signers:
            self.told.append(f"signed by {whose}: {', '.join(signers)}")

    # -- 3. and 4. the records ---------------------------------------------------------

    def check_records(self) -> None:
        """That every record is in the tree, as it stands here."""
        last = -1
        for number, line in enumerate(self.read(RECORDS, lines_of), 1):
            try:
                record = parse_record(line)
                self.check_record(record)
            except (ValueError, LookupError, TypeError, AttributeError, struct.error):
                self.wrong.append((RECORDS, f"line {number} is no record"))
                continue
            self.must(record["position"] > last, RECORDS, f"line {number} is out of order")
            last = record["position"]
            self.records[last] = record
        named = {proof_name(position) for position in self.records}
        for name in sorted(self.files):
            self.must(not name.startswith("proofs/") or name in named, name, "it proves nothing")
        self.count_records()

    def count_records(self) -> None:
        """That they are as many as the manifest says."""
        chosen = sum(record["chosen"] for record in self.records.values())
        erased = sum(record["statement"] is None for record in self.records.values())
        counts = (chosen, len(self.records) - chosen, erased)
        said = tuple(self.manifest[name] for name in ("records", "context", "erased"))
        self.must(counts == said, MANIFEST, "it counts other records")
        self.told.append(
            f"{counts[0]} records, {counts[1]} beside them for context, {counts[2]} erased"
        )

    def check_record(self, record: Record) -> None:
        """One record: its content by the commitment, the commitment by the proof."""
        where = f"record {record['position']}"
        commitment = bytes.fromhex(record["commitment"])
        if record["statement"] is None:
            gone = all(record[name] is None for name in ("salt", "content_tag", "person_id"))
            self.must(gone, where, "it is erased, but not whole")
        else:
            sealed = commitment_of(record) == commitment
            self.must(sealed, where, "its commitment is not that of its content")
        self.check_proof(record, commitment)

    def check_proof(self, record: Record, commitment: bytes) -> None:
        """That a record's entry is in the tree."""
        name = proof_name(record["position"])
        try:
            index, hashes, note = parse_proof(self.files[name].decode())
        except (KeyError, ValueError):
            self.wrong.append((name, "it is missing or cannot be read"))
            return
        leaf = hashlib.sha256(b"\0" + entry_of(record, commitment)).digest()
        led = index == record["position"] and root_by(leaf, index, self.size, hashes) == self.root
        what = f"it does not lead from record {record['position']} to the checkpoint"
        self.must(led, name, what)
        self.must(note == self.note, name, "it is of another checkpoint")

    # -- 5. the selection --------------------------------------------------------------

    def check_selection(self) -> None:
        """That the records are those that were asked for."""
        asked = self.manifest["selection"]
        for position, record in sorted(self.records.items()):
            if record["chosen"] and not chosen_by(asked, record):
                self.wrong.append((f"record {position}", "the selection is not for it"))
        if set(asked) <= {"from_position", "to_position"}:
            count = sum(record["chosen"] for record in self.records.values())
            missing = max(0, asked["to_position"] + 1 - asked["from_position"]) - count
            self.must(not missing, RECORDS, f"{missing} records are missing")
            self.told.append("chosen by position only, so it can be seen that all are there")

    # -- 6. persons --------------------------------------------------------------------

    def check_identities(self) -> None:
        """That every number is the one that a record of the ledger sealed."""
        if IDENTITIES not in self.files:
            return
        sealed = {
            record["statement_id"]: record["statement"] or "" for record in self.records.values()
        }
        for number, line in enumerate(self.read(IDENTITIES, lines_of), 1):
            try:
                holds = is_sealed(json.loads(line), sealed)
            except (ValueError, LookupError, TypeError, AttributeError):
                holds = False
            self.must(holds, IDENTITIES, f"no record sealed what line {number} says")

    # -- 7. nothing between the files ----------------------------------------------------

    def check_archive(self) -> None:
        """That nothing is in the archive but its files."""
        made = packed(self.files)
        if made != self.content:
            both = enumerate(zip(made, self.content))
            at = next((i for i, (a, b) in both if a != b), min(len(made), len(self.content)))
            self.wrong.append(("archive", f"it is not what its files make, from byte {at}"))


# -- the bytes of an archive, always the same -------------------------------------------------


def packed(files: dict[str, bytes]) -> bytes:
    """A zip of these files in this order, stored as they are: the same files, the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)  # of 1 January 1980, the earliest that a zip can say
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return made.getvalue()


def sha256(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()


def parse_manifest(content: str) -> Record:
    """What a manifest says; ValueError or LookupError where it is of another format."""
    manifest: Record = json.loads(content)
    if manifest["format"] != FORMAT:
        raise ValueError(manifest["format"])
    for name in ("files", "selection", "origin", "size", "records", "context", "erased"):
        manifest[name]
    manifest["selection"]["from_position"], manifest["selection"]["to_position"]
    return manifest


def lines_of(content: str) -> list[str]:
    """Its lines; only a newline ends one. Each ends, the last as well."""
    *lines, rest = content.split("\n")
    if rest:
        raise ValueError(rest)
    return lines


def parse_record(line: str) -> Record:
    """What a line says; ValueError where it has not exactly the fields that it must have."""
    record = json.loads(line)
    expected = {name for name, _ in COLUMNS} | BESIDE
    if set(record) != expected or record["chosen"] not in (True, False):
        raise ValueError(line)
    return dict(record)


# -- what is hashed ---------------------------------------------------------------------------
# A field is its length in 4 bytes, big-endian, and its bytes; an absent one is ff ff ff ff.


def data(value: bytes | None) -> bytes:
    """Bytes as a field."""
    return b"\xff\xff\xff\xff" if value is None else struct.pack(">I", len(value)) + value


def text(value: str | None) -> bytes:
    """A text as a field: UTF-8."""
    return data(None if value is None else value.encode())


def uuid(value: str | None) -> bytes:
    """A UUID as a field: its 16 bytes."""
    return data(None if value is None else UUID(value).bytes)


def integer(value: int | None) -> bytes:
    """A whole number as a field: 8 bytes, two's complement."""
    return data(None if value is None else struct.pack(">q", value))


def moment(value: str) -> bytes:
    """Microseconds since 1970 of an RFC 3339 time in UTC."""
    whole = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return integer((whole - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1))


def texts(values: list[str]) -> bytes:
    """A list: the number of its fields, then these; an empty one is absent."""
    return struct.pack(">I", len(values)) + b"".join(map(text, values)) if values else data(None)


def hexed(value: str | None) -> bytes:
    """Bytes spelled in hex as a field."""
    return data(None if value is None else bytes.fromhex(value))


# The columns under a record's commitment, in their order. Version 1 of the encoding: a byte 01.
COLUMNS = (
    ("statement_id", uuid),
    ("occurred_at", moment),
    ("event_type", text),
    ("party", text),
    ("on_behalf_of", text),
    ("person_id", uuid),
    ("agency", text),
    ("verb", text),
    ("activity", text),
    ("source_kind", text),
    ("source_topic", uuid),
    ("source_partition", integer),
    ("source_offset", integer),
    ("mapping_version", integer),
    ("content_tag", hexed),
    ("warnings", texts),
    ("statement", text),
)
# What else stands in a line.
BESIDE = {"position", "stored", "salt", "commitment", "chosen"}


def commitment_of(record: Record) -> bytes:
    """What the record must be committed to."""
    fields = b"".join(encode(record[name]) for name, encode in COLUMNS)
    return hashlib.sha256(bytes.fromhex(record["salt"]) + b"\1" + fields).digest()


def is_sealed(alias: Record, statements: dict[str, str]) -> bool:
    """Whether the statement that an alias names seals it, and for this person."""
    fields = data(bytes.fromhex(alias["salt"])) + text(alias["kind"]) + text(alias["value"])
    statement = statements[alias["statement_id"]]
    return sha256(b"\1" + fields) in statement and alias["person_id"] in statement


def entry_of(record: Record, commitment: bytes) -> bytes:
    """What the log holds of a record."""
    return (
        b"\1"
        + integer(record["position"])
        + uuid(record["statement_id"])
        + moment(record["stored"])
        + text(record["party"])
        + data(commitment)
    )


# -- Merkle trees: RFC 9162, section 2.1.3.2 --------------------------------------------------


def root_by(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes | None:
    """The root to which a proof leads; None where it is of no tree of this size."""
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    for sibling in hashes:
        if not last:
            return None
        if node & 1 or node == last:
            leaf = hashlib.sha256(b"\1" + sibling + leaf).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\1" + leaf + sibling).digest()
        node, last = node >> 1, last >> 1
    return None if last else leaf


def proof_name(position: int) -> str:
    """The file that proves the record at a position."""
    return f"proofs/{position:012}.tlog-proof"


def parse_proof(content: str) -> tuple[int, list[bytes], str]:
    """Its index, its hashes, its checkpoint: c2sp.org/tlog-proof."""
    head, _, note = content.partition("\n\n")
    first, index, *hashes = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or index != f"index {int(index[6:])}":
        raise ValueError(head)
    return int(index[6:]), [decoded(line, 32) for line in hashes], note


# -- signed checkpoints: c2sp.org/signed-note -------------------------------------------------


def parse_note(content: str) -> tuple[str, int, bytes, str, list[str]]:
    """Origin, size and root, the text that is signed, and the lines of signatures."""
    text, _, signatures = content.rpartition("\n\n")
    origin, size, root = text.split("\n")
    if not origin or size != str(int(size)) or not signatures.endswith("\n"):
        raise ValueError(text)
    lines = signatures[:-1].split("\n")
    if any(line.count(" ") != 2 or not line.startswith("\u2014 ") for line in lines):
        raise ValueError(signatures)
    return origin, int(size), decoded(root, 32), text + "\n", lines


def decoded(line: str, length: int) -> bytes:
    """Base64 in its only spelling, of so many bytes."""
    found = base64.b64decode(line, validate=True)
    if len(found) != length or base64.b64encode(found).decode() != line:
        raise ValueError(line)
    return found


def signed(text: str, signatures: list[str], vkey: str) -> bool:
    """Whether one of the signature lines is this key's, and verifies."""
    try:
        name, key_id, spelled = vkey.split("+", 2)
        key = decoded(spelled, 33)
        named = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    except ValueError:
        return False
    if key[0] != 1 or named.hex() != key_id:
        return False
    return any(is_by(line, name, named, key[1:], text) for line in signatures)


def is_by(line: str, name: str, key_id: bytes, public: bytes, text: str) -> bool:
    """Whether a signature line is of this key, and verifies."""
    whose, spelled = line[2:].split(" ")
    if whose != name:
        return False
    try:
        made = decoded(spelled, 68)
    except ValueError:
        return False  # a witness's, which has more bytes
    return made[:4] == key_id and verifies(public, made[4:], text.encode())


# -- Ed25519: RFC 8032, section 5.1. Points are (x, y, z, t) with x/z, y/z and t = xy/z. --------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature (R, S) is the key's: the point S B - h A is R."""
    key, scalar = point(public), int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    negative = (P - key[0], key[1], key[2], P - key[3])
    found = add(times(scalar, BASE), times(int.from_bytes(hashed, "little") % ORDER, negative))
    return encoded(found) == signature[:32]


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, summand: Point) -> Point:
    """A point added to itself so many times."""
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, summand)
        summand, number = add(summand, summand), number >> 1
    return found


def point(content: bytes) -> Point | None:
    """The point of 32 bytes: y, and the lowest bit of x above it. None where there is none."""
    y = int.from_bytes(content, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (not x and odd):
        return None
    x = P - x if x & 1 != odd else x
    return (x, y, 1, x * y % P)


def encoded(of: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(of[2], P - 2, P)
    x, y = of[0] * inverse % P, of[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


# -- what a selection chooses -----------------------------------------------------------------


def chosen_by(asked: Record, record: Record) -> bool:
    """Whether a record is one that was asked for, as far as its columns say.

    A void is chosen with what it voids, whose person and agency it does not name; competencies
    are in statements; an erased record names neither person nor agency.
    """

    def one_of(name: str, value: str | None) -> bool:
        return name not in asked or value in asked[name]

    within = asked["from_position"] <= record["position"] <= asked["to_position"]
    happened = record["occurred_at"]
    timely = asked.get("since", "") <= happened < asked.get("until", "~")
    said = one_of("parties", record["party"]) and one_of("types", record["event_type"])
    if record["event_type"] == "StatementVoided" or record["statement"] is None:
        return within and timely and said
    about = one_of("people", record["person_id"]) and one_of("agencies", record["agency"])
    return within and timely and said and about


if __name__ == "__main__":
    sys.exit(main())
