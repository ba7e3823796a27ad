"""From what an event says to its xAPI 2.0 statement: each field to its one place (places.py).

It takes plain values, so that the recorder need not make a model of what it has just checked, and
gives the statement's exact bytes. Source: IEEE 9274.1.1 (xAPI 2.0); docs/xapi.md, "From an event to
its statement". How the bytes of a class come about: wording.py.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from jejak_schemas.catalogue import Entry
from jejak_schemas.plain import Said
from jejak_schemas.wording import NameOf, Word, wording_of

MAPPING_VERSION: Final = 1
_Json: TypeAlias = Any


@dataclass(slots=True, repr=False)  # not frozen: it is made once an event, in half of the time
class Statement:
    """A statement as it is kept. Its repr does not show it."""

    plain: bytes  # JSON, UTF-8
    verb: str  # its IRI
    activity: str  # what it is about (`activity_of`)

    def __repr__(self) -> str:
        return f"Statement({self.verb})"


def own_name(person: Said) -> str:
    """The person_id of a resolved reference."""
    return str(person["person_id"])


def statement_of(entry: Entry, said: Said, name_of: NameOf = own_name) -> Statement:
    """The statement of an event of this row.

    `name_of` says who is behind each PersonRef; by default the event is resolved. A submitted
    statement is kept as its provider wrote it.
    """
    if entry.stated:
        return _submitted(said["statement"])
    plain, activity = _wording(entry)(said, name_of)
    return Statement(plain, entry.verb, activity)


def activity_of(statement: dict[str, _Json]) -> str:
    """What the statement is about, as the record's `activity` column: an IRI or a statement id.

    Of a submitted statement's sub-statement, what that one is about; empty for a nameless group.
    """
    thing = statement["object"]
    if "account" in thing:
        return f"{thing['account']['homePage']}/{thing['account']['name']}"
    if "object" in thing:
        return activity_of(thing)
    return str(thing.get("id", ""))


def _submitted(text: str) -> Statement:
    statement = json.loads(text)
    return Statement(text.encode(), statement["verb"]["id"], activity_of(statement))


@cache
def _wording(entry: Entry) -> Word:
    return wording_of(entry)
