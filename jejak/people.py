"""From what a person types to a person of the ledger: a NIP, `@file`, `-`, or a person id."""

import sys
from pathlib import Path
from uuid import UUID

from jejak.errors import Misuse, Refuse
from jejak_lrs.database import Connection
from jejak_lrs.ledger import people
from jejak_lrs.projection import kinship

_NIP_LENGTH = 18


def typed(argument: str) -> str:
    """What an argument says: itself, the one line of `@file`, or of standard input for `-`.

    Refuse where the file cannot be read, Misuse where it holds nothing, or more than one.
    """
    if argument == "-":
        text = sys.stdin.readline()
    elif argument.startswith("@"):
        text = _read(Path(argument[1:]))
    else:
        text = argument
    match text.split():
        case []:
            raise Misuse("no person given: an 18-digit NIP, @FILE, - or a person id")
        case [one]:
            return one
        case _:
            raise Misuse("more than one word where one person is asked about")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise Refuse(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refuse(f"{path} is not UTF-8 text") from None


def person_of(connection: Connection, argument: str, known_at: int | None = None) -> UUID:
    """The person that an argument names, under the id that stays where BKN merged two.

    Args:
        connection: a reader's.
        argument: what was typed.
        known_at: the position by whose records persons were merged; None: as of now.

    Raises:
        Refuse: the ledger knows nobody by it.
    """
    text = typed(argument)
    reference = (_kind(text), text)
    known = people.resolve_many(connection, [reference]).get(reference)
    if known is None:
        raise Refuse(f"the ledger knows nobody by this {reference[0]}")  # never the number itself
    if known_at is None:
        return kinship.persons(connection, [known.person_id]).stays(known.person_id)
    return kinship.persons_at(connection, [known.person_id], known_at).stays(known.person_id)


def _kind(text: str) -> str:
    if len(text) == _NIP_LENGTH and text.isascii() and text.isdigit():
        return "nip"
    try:
        UUID(text)
    except ValueError:
        raise Misuse("a person is an 18-digit NIP, @FILE, - or a person id (UUID)") from None
    return "person_id"
