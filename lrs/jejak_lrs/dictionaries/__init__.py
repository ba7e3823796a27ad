"""zstd dictionaries: files of this package, each with its number and hash in manifest.json.

Trained offline on synthetic statements of the simulator (`python -m jejak_lrs.dictionaries.train`),
never on records: a dictionary keeps fragments for ever and could not be erased. A file, once
released, is never changed; a better one gets the next number.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jejak_lrs.errors import Broken
from jejak_lrs.ledger.payload import Packer, Unpacker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jejak_lrs.database import Connection

MANIFEST = "manifest.json"


@cache
def shipped() -> Mapping[int, bytes]:
    """Every dictionary of this package by number, checked against its hash.

    Raises:
        Broken: a file is not what its manifest says.
    """
    folder = resources.files(__package__)
    entries = json.loads(folder.joinpath(MANIFEST).read_text("utf-8"))
    return {
        entry["number"]: _checked(folder.joinpath(entry["file"]).read_bytes(), entry["sha256"])
        for entry in entries
    }


def packer() -> Packer:
    """A packer with the newest dictionary."""
    known = shipped()
    newest = max(known, default=0)
    return Packer(newest, known.get(newest, b""))


def unpacker(connection: Connection | None = None) -> Unpacker:
    """An unpacker that knows every dictionary of this package, and those of a database.

    A database carries all that its records need, also where a newer Jejak has written them.
    """
    kept = dict(read(connection)) if connection is not None else {}
    return Unpacker({**kept, **shipped()})


def copy(connection: Connection) -> None:
    """Copy the shipped dictionaries into the table `dictionary`; as the owner, in its transaction.

    Raises:
        Broken: a number stands there with other bytes.
    """
    for number, content in shipped().items():
        connection.execute(
            "INSERT INTO dictionary (number, sha256, content) VALUES (%s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [number, hashlib.sha256(content).digest(), content],
        )
    if any(content != shipped().get(number, content) for number, content in read(connection)):
        raise Broken("the database has another dictionary under a number of this package")


def read(connection: Connection) -> list[tuple[int, bytes]]:
    """The dictionaries of the database: (number, bytes)."""
    return connection.execute("SELECT number, content FROM dictionary ORDER BY number").fetchall()


def _checked(content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Broken("a dictionary file is not the one its manifest names")
    return content
