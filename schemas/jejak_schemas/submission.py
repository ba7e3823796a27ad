"""A provider's own xAPI statement as it travels: who stands in it, and how it is resolved.

The text is kept byte for byte but for its persons: an account of `<base>nip` or `<base>nrp`
becomes one of `<base>person`. Any other way to name somebody (mbox, mbox_sha1sum, openid, an
account elsewhere, a name) is refused. Pure. docs/xapi.md, "Statements of
your own", says it to providers.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from jejak_schemas import iris, xapi
from jejak_schemas.parts import PersonRef
from jejak_schemas.wire import holds_nip

LONGEST: Final = 60_000  # characters, as sent and as kept
DEEPEST: Final = 32  # levels of nesting
_ALIAS_HOMES: Final = {iris.NIP_HOME: "nip", iris.NRP_HOME: "nrp"}
_HOMES: Final = {*_ALIAS_HOMES, iris.PERSON_HOME, iris.PARTY_HOME}
_ANYBODY: Final = UUID(int=0)
_OWN: Final = ("nip-impossible", "bad-format")
_ELSEWHERE: Final = ("mbox", "mbox_sha1sum", "openid", "name")
_AGENT_TYPES: Final = ("Agent", "Group")
_PARTY: Final = r"[a-z0-9][a-z0-9-]{0,30}"  # as wire.PartyCode


def _slashes(iri: str) -> str:
    """A pattern of an IRI as JSON may write it: some writers escape the slash."""
    return re.escape(iri).replace("/", r"\\?/")


_HOME: Final = rf'"homePage"\s*:\s*"({_slashes(iris.NIP_HOME)}|{_slashes(iris.NRP_HOME)})"'
_NAME: Final = r'"name"\s*:\s*"([0-9A-Z]{1,40})"'
# A quote inside a JSON string is escaped, so neither form can match within one.
_ALIAS: Final = re.compile(
    rf"\{{\s*(?:{_HOME}\s*,\s*{_NAME}|{_NAME}\s*,\s*{_HOME})\s*\}}",
)

# U+0000 as JSON writes it; after an escaped backslash the same six letters are only text.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def checked(text: str) -> str:
    """The text itself, if it is a statement that can be kept; PydanticCustomError if not."""
    statement = _parsed(text)
    _check_depth(statement)
    if len(_ALIAS.sub(_account_of(_ANYBODY), text)) > LONGEST:
        raise PydanticCustomError("too-long", "is too long once its persons are resolved")
    try:
        rest = json.dumps(_parsed(_ALIAS.sub("{}", text)), ensure_ascii=False)
        rest.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("invalid-utf8", "holds half a surrogate pair") from None
    if _NUL.search(rest):
        raise PydanticCustomError("nul-character", "holds U+0000")
    if holds_nip(rest):
        raise PydanticCustomError("personal-data-in-text", "holds an 18-digit number like a NIP")
    for agent in agents(statement):
        _check_agent(agent)
    for fault in xapi.faults(statement):
        where = fault.path or "it"
        raise PydanticCustomError(
            "not-xapi", "{where} {rule}", {"where": where, "rule": fault.rule}
        )
    for member in ("stored", "authority"):
        if member in statement:
            raise PydanticCustomError("not-xapi", "stored and authority are ours to write")
    return text


def text_of(statement: Mapping[str, Any]) -> str:
    """A statement given as an object, as the compact text that is kept."""
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":"))


def check_agreement(text: str, event_id: UUID, at: datetime, learner: PersonRef) -> None:
    """PydanticCustomError(impossible) unless the statement is this event's, about its learner."""
    statement = _parsed(text)
    if str(statement.get("id")).lower() != str(event_id):
        raise PydanticCustomError("impossible", "statement.id is not event_id")
    if _moment(statement.get("timestamp")) != at:
        raise PydanticCustomError("impossible", "statement.timestamp is not occurred_at")
    if learner not in people_in(text):
        raise PydanticCustomError("impossible", "the learner is none of the statement's agents")


def people_in(text: str) -> tuple[PersonRef, ...]:
    """Everybody who stands in a checked statement, each once."""
    found = (_person(agent["account"]) for agent in agents(_parsed(text)) if "account" in agent)
    return tuple(dict.fromkeys(person for person in found if person is not None))


def resolved(text: str, people: Mapping[tuple[str, str], UUID]) -> str:
    """The text with every alias account turned into a person's; KeyError where one is lacking."""

    def account(found: re.Match[str]) -> str:
        home_first, name_last, name_first, home_last = found.groups()
        home = (home_first or home_last).replace("\\", "")
        person = people[(_ALIAS_HOMES[home], name_last or name_first)]
        return _account_of(person)

    return _ALIAS.sub(account, text)


def _account_of(person: UUID) -> str:
    return f'{{"homePage":"{iris.PERSON_HOME}","name":"{person}"}}'


def agents(value: Any) -> Iterator[dict[str, Any]]:
    """Every object that names an agent or a group: by its place or by its members."""
    if isinstance(value, list):
        for item in value:
            yield from agents(item)
    if not isinstance(value, dict):
        return
    if _names_somebody(value):
        yield value
    for item in value.values():
        yield from agents(item)


def _names_somebody(value: dict[str, Any]) -> bool:
    if value.get("objectType") in _AGENT_TYPES:
        return True
    return any(member in value for member in ("account", "mbox", "mbox_sha1sum", "openid"))


def _check_agent(agent: dict[str, Any]) -> None:
    if any(member in agent for member in _ELSEWHERE):
        raise PydanticCustomError(
            "person-reference", "names an agent by mbox, mbox_sha1sum, openid or name"
        )
    if "account" in agent:
        _check_account(agent["account"])


def _check_account(account: Any) -> None:
    home = account.get("homePage") if isinstance(account, dict) else None
    if not isinstance(home, str) or home not in _HOMES:
        raise PydanticCustomError("person-reference", "names an agent by an account elsewhere")
    if home in _ALIAS_HOMES and not _ALIAS.fullmatch(text_of(account)):
        raise PydanticCustomError("person-reference", "an account holds homePage and name only")
    if not isinstance(account.get("name"), str):
        raise PydanticCustomError("person-reference", "an account's name is no text")
    if home == iris.PARTY_HOME and not re.fullmatch(_PARTY, account["name"]):
        raise PydanticCustomError("person-reference", "an account's name is no party's code")
    _person(account)


def _person(account: dict[str, Any]) -> PersonRef | None:
    """The person whom an account names; None for a party. ValidationError if it names wrongly."""
    home, name = account["homePage"], account.get("name")
    if home == iris.PARTY_HOME:
        return None
    try:
        return PersonRef.model_validate({_ALIAS_HOMES.get(home, "person_id"): name})
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_input=False)[0]
        reason = fault["type"] if fault["type"] in _OWN else "person-reference"
        raise PydanticCustomError(reason, "an account's name is no number of a person") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
        )
    except RecursionError:
        raise PydanticCustomError("too-deep", "is nested deeper than 32 levels") from None
    except ValueError:
        raise PydanticCustomError("bad-format", "is not JSON with each name once") from None
    if not isinstance(parsed, dict):
        raise PydanticCustomError("bad-format", "is not a JSON object")
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _no_number(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("is no finite number")
    return number


def _check_depth(value: Any, left: int = DEEPEST) -> None:
    if left < 0:
        raise PydanticCustomError("too-deep", "is nested deeper than 32 levels")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, left - 1)


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
