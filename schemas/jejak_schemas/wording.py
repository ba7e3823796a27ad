"""A statement's bytes: a function for each class, whose source is written from its row and places.

Most of a statement is the same for every event of its class. So it is laid out once, with holes
(layout.py) for what an event says. A dict for each event and then its JSON took half as long again
(measured). What stands between quotes needs no escaping: its form excludes what would.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from jejak_schemas import iris
from jejak_schemas.catalogue import Actor, Entry
from jejak_schemas.clock import day_text, text_of
from jejak_schemas.layout import (
    Json,
    Laid,
    expression,
    group,
    json_of,
    member,
    pieces,
    with_members,
)
from jejak_schemas.parts import Activity, Part, PersonRef, Score
from jejak_schemas.places import EVENT, places_of
from jejak_schemas.plain import Said, plain

NameOf: TypeAlias = Callable[[Said], str]  # who is behind a PersonRef's values: a person_id
Word: TypeAlias = Callable[[Said, NameOf], tuple[bytes, str]]
"""From what an event says to its statement's bytes, and what the statement is about."""

PROGRAMMES: Final = iris.BASE + "programmes/"
RESULTS: Final[dict[str, dict[str, bool]]] = {
    "AssessmentPassed": {"success": True},
    "AssessmentFailed": {"success": False},
    "CourseCompleted": {"completion": True},
    "ProgrammeCompleted": {"completion": True},
    "ProgrammeFailed": {"success": False},
    "SecondmentCompleted": {"completion": True},
}
SCALE: Final = {"scaled": 10_000, "raw": 100, "min": 100, "max": 100}
_Say: TypeAlias = Callable[[str], str]  # from the expression for a value to a text with holes


def wording_of(entry: Entry) -> Word:
    """What words the events of a row; submitted statements have words of their own."""
    made: dict[str, Any] = {**_CALLED, "code_iri": partial(_code_iri, entry)}
    exec(_Wording(entry).source(), made)  # noqa: S102  our own
    word: Word = made["word"]
    return word


def programme_iri(code: str) -> str:
    """The IRI of a programme."""
    return PROGRAMMES + _quoted(code)


class _Wording:
    """The source of a row's function, and in `parts` of those for the parts of its events."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.places = places_of(entry)
        self.parts: dict[str, str] = {}
        self._names = 0

    def source(self) -> str:
        """`word`, in Python."""
        about, thing = self._thing()
        statement = {
            "id": "«said['event_id']»",
            "actor": self._actor(),
            "verb": {"id": self.entry.verb, "display": {"en": self.places.verb}},
            "object": thing,
            "timestamp": "«time(said['occurred_at'])»",
            "context": self._context(),
        }
        text = json_of(with_members(statement, self._result()))
        return "".join(self.parts.values()) + (
            "def word(said, name_of):\n"
            + "".join(f"    {one} = name_of(said['{one}'])\n" for one in self._people())
            + f"    about = {about}\n"
            f"    return ''.join(({', '.join(pieces(text))},)).encode(), about\n"
        )

    # -- actor and object ---------------------------------------------------------------

    def _people(self) -> list[str]:
        """The persons who are always named; what is behind each is a variable of `word`."""
        fields = self.entry.event.model_fields
        return [name for name, field in fields.items() if field.annotation is PersonRef]

    def _actor(self) -> Json:
        if self.entry.actor is Actor.INSTITUTION:
            return _agent(iris.PARTY_HOME, "said['party']")
        return _agent(iris.PERSON_HOME, self.entry.actor.value)

    def _thing(self) -> tuple[str, Json]:
        """The expression for what the statement is about, and its object."""
        thing = f"said['{self.entry.thing}']"
        kind = self.entry.event.model_fields[self.entry.thing].annotation
        if kind is PersonRef:
            about = f"'{iris.PERSON_HOME}/' + {self.entry.thing}"
            return about, _agent(iris.PERSON_HOME, self.entry.thing)
        if self.entry.type is None:
            return thing, {"objectType": "StatementRef", "id": "«about»"}
        definition: dict[str, Json] = {"type": self.entry.type}
        if kind is Activity:
            about = f"{thing}['id']"
            definition["type"] = f"«{thing}['type'] or '{self.entry.type}'»"
            definition["name"] = _json(f"{thing}['name']")
        else:
            about = self._iri(thing)
            if self.places.named:
                definition["name"] = _json("said['name']")
        return about, {"objectType": "Activity", "id": "«about»", "definition": definition}

    def _iri(self, thing: str) -> str:
        """The IRI of something that the event names by its IRI or code only."""
        if self.places.by_iri:
            return thing
        return f"programme_iri({thing})" if self.entry.thing == "programme" else "code_iri(said)"

    # -- context and result -------------------------------------------------------------

    def _context(self) -> Json:
        elsewhere = self.places.elsewhere
        said = {name: self._said(name, _ELSEWHERE[name]) for name in elsewhere}
        activities = with_members(
            {"category": [{"id": iris.PROFILE_VERSION}]},
            said.get("programme", ""),
            said.get("offering", ""),
        )
        agents = [self._agent(role) for role in self.places.agents]
        return with_members(
            {"contextActivities": activities, "extensions": self._extensions()},
            said.get("target", ""),
            said.get("registration", ""),
            group("contextAgents", "[]", agents),
        )

    def _agent(self, role: str) -> str:
        """A person who neither acts nor is acted upon, with the role played."""
        if role in self._people():
            return _role(role, role)
        return self._said(role, lambda person: _role(role, f"name_of({person})"))

    def _extensions(self) -> Json:
        learner = member(iris.TLA_LEARNER, _agent(iris.PERSON_HOME, "learner"))
        return with_members(
            {EVENT: self.entry.name},
            learner if "learner" in self.places.agents else "",
            *(self._shown(one.field, one.iri) for one in self.places.extensions),
        )

    def _result(self) -> str:
        known = [member(name, value) for name, value in RESULTS.get(self.entry.name, {}).items()]
        fields = self.entry.event.model_fields
        told = [self._said(name, say) for name, say in _OF_RESULTS.items() if name in fields]
        if "score" in fields:
            self._define(Score, [self._said(name, partial(_scaled, name), Score) for name in SCALE])
        return group("result", "{}", known + told)

    # -- fields ---------------------------------------------------------------------------

    def _said(self, name: str, say: _Say, model: type[BaseModel] | None = None) -> str:
        """What is said of a field; a hole, where that may be nothing."""
        field = (model or self.entry.event).model_fields[name]
        said = f"said['{name}']"
        if field.is_required():
            return say(said)
        default = field.default if field.default is None else plain(field.default)
        there = "is not None" if default is None else f"!= {default!r}"
        value = self._name()
        return f"«{expression(say(value))} if ({value} := {said}) {there} else ''»"

    def _shown(self, name: str, key: str, model: type[BaseModel] | None = None) -> str:
        """The member that holds a field's value, as `model_validate` takes it."""
        annotation = (model or self.entry.event).model_fields[name].rebuild_annotation()
        return self._said(name, lambda value: member(key, self._value(annotation, value)), model)

    def _value(self, annotation: Any, value: str) -> Json:
        """A value of this type, None left out."""
        origin, args = get_origin(annotation), get_args(annotation)
        if hasattr(annotation, "__metadata__"):  # Annotated[...]
            formed = any(getattr(one, "pattern", None) for one in annotation.__metadata__)
            return f"«{value}»" if formed else self._value(args[0], value)
        if origin in (Union, types.UnionType):
            forms = [arg for arg in args if arg is not type(None)]
            return self._value(forms[0], value) if len(forms) == 1 else _json(value)
        if origin is tuple:
            item = self._name()
            shown = expression(json_of(self._value(args[0], item)))
            return Laid(f"[«','.join([{shown} for {item} in {value}])»]")
        if isinstance(annotation, type) and issubclass(annotation, Part):
            return Laid(f"«{self._part(annotation)}({value})»")
        if annotation is int:
            return Laid(f"«str({value})»")
        if annotation in _SHOWN:
            return f"«{_SHOWN[annotation]}({value})»"
        return f"«{value}»" if origin is Literal or annotation is UUID else _json(value)

    def _part(self, part: type[Part]) -> str:
        """The name of the function for a part."""
        self._define(part, [self._shown(name, name, part) for name in part.model_fields])
        return part.__name__

    def _define(self, part: type[Part], members: Sequence[str]) -> None:
        shown = expression("".join(members))
        self.parts[part.__name__] = (
            f"def {part.__name__}(said):\n    return '{{' + ({shown})[1:] + '}}'\n"
        )

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


# -- members ------------------------------------------------------------------------------


def _json(value: str) -> Laid:
    """A hole for the JSON of any value."""
    return Laid(f"«dumps({value})»")


def _agent(home: str, name: str) -> dict[str, Json]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": f"«{name}»"}}


def _role(role: str, name: str) -> str:
    agent, kinds = _agent(iris.PERSON_HOME, name), [iris.own_type(role)]
    return "," + json_of({"objectType": "contextAgent", "agent": agent, "relevantTypes": kinds})


def _scaled(name: str, value: str) -> str:
    return member(name, Laid(f"«quotient({value}, {SCALE[name]})»"))


_ELSEWHERE: Final[Mapping[str, _Say]] = {
    "programme": lambda code: member("grouping", [{"id": f"«programme_iri({code})»"}]),
    "offering": lambda iri: member("parent", [{"id": f"«{iri}»"}]),
    "target": lambda id_: member("statement", {"objectType": "StatementRef", "id": f"«{id_}»"}),
    "registration": lambda id_: member("registration", f"«{id_}»"),
}
_OF_RESULTS: Final[Mapping[str, _Say]] = {
    "score": lambda score: member("score", Laid(f"«Score({score})»")),
    "duration": lambda seconds: member("duration", f"PT«str({seconds})»S"),
}


# -- what the functions call --------------------------------------------------------------


def _dumps(value: Json) -> str:
    return to_json(value).decode()


def _code_iri(entry: Entry, said: Said) -> str:
    """The IRI made of a thing's code and of who owns it."""
    thing = said[entry.thing]
    code = thing["number"] if entry.thing == "certificate" else str(thing)
    owner = said.get("issuer") or said["on_behalf_of"] or said["party"]
    kind = (entry.type or "").rpartition("/")[2]
    return f"{iris.BASE}{kind}/{_quoted(owner)}/{quote(code, safe='')}"


@lru_cache(16384)  # scores are few
def _quotient(value: int, scale: int) -> str:
    return repr(value / scale)


@lru_cache(4096)  # the same few are quoted for every event
def _quoted(code: str) -> str:
    return quote(code, safe="")


_SHOWN: Final = {date: "day", datetime: "time"}
_CALLED: Final[Mapping[str, Any]] = {
    "day": day_text,
    "dumps": _dumps,
    "programme_iri": programme_iri,
    "quotient": _quotient,
    "time": text_of,
}
