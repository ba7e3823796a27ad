"""Hypothesis strategies for events of every class: all optional parts, Unicode, extremes."""

import types
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import BaseModel
from uuid_utils.compat import uuid7

from jejak_schemas import iris, wire
from jejak_schemas.catalogue import CATALOGUE, Actor
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.parts import Activity, Alias, Certificate, PersonRef, Score, TypedAs
from jejak_schemas.resolve import Resolved, reference_of, references, resolve
from jejak_schemas.statement import to_statement

E = TypeVar("E", bound=Event)

_text = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=30
).filter(lambda text: not wire.holds_nip(text))
_days = st.dates(date(1950, 1, 1), date(2199, 12, 31))
_iris = st.from_regex(r"\Ahttps://[a-z]{1,8}\.id/[a-z0-9]{1,8}\Z") | st.sampled_from(
    [
        "urn:jejak:a",
        "tag:contoh.id,2026:kursus/7",
        "https://contoh.id:8443/a%20b/%C3%A9?q=é&r=漢#bagian",
        "https://contoh.id/" + "panjang/" * 60,
        "mailto:kelas+7@contoh.id",
    ]
)
_languages = st.sampled_from(["id", "en", "jv", "en-GB", "zh-Hant-TW", "sr-Latn", "es-419", "min"])
_nips = st.builds(
    lambda born, rest: born.strftime("%Y%m%d") + rest,
    st.dates(date(1950, 1, 1), date(2006, 1, 1)),
    st.from_regex(r"\A[0-9]{10}\Z"),
)
_ALL_TIME = (datetime(1950, 1, 1), datetime(2199, 12, 31, 23, 59, 59, 999_999))  # noqa: DTZ001
# The aliases that the models use. Annotated types compare by their parts, but do not all hash.
_BY_ALIAS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (wire.Id, st.builds(uuid7)),
    (wire.EventId, st.builds(uuid7)),
    (wire.Time, st.datetimes(*_ALL_TIME, timezones=st.just(UTC))),
    (wire.Day, _days),
    (wire.Code, st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,12}\Z")),
    (wire.PartyCode, st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,10}\Z")),
    (wire.AgencyCode, st.from_regex(r"\A[0-9]{4}\Z")),
    (wire.Text, _text),
    (wire.Document, _text),
    (wire.Iri, _iris),
    (wire.Sha256, st.from_regex(r"\A[0-9a-f]{64}\Z")),
    (wire.Names, st.dictionaries(_languages, _text, min_size=1)),
    (wire.Prose, st.dictionaries(_languages, _text, min_size=1)),
    (wire.Level, st.integers(1, 5)),
    (wire.Count, st.integers(0, 10_000_000)),
    (wire.Position, st.integers(0, 2**63 - 1)),
    (wire.Hundredths, st.integers(0, 10_000_000)),
    (wire.Seconds, st.integers(0, 315_360_000)),
]
_HUNDREDTHS = (-1_000_000_000, 1_000_000_000)


@st.composite
def _scores(draw: st.DrawFn) -> Score:
    """Scores whose numbers are in order, each there or not, the outermost values among them."""
    numbers = st.integers(*_HUNDREDTHS) | st.sampled_from(_HUNDREDTHS)
    low, raw, high = sorted(draw(st.lists(numbers, min_size=3, max_size=3)))
    made = {"min": low, "raw": raw, "max": high} if low < high else {"raw": raw}
    made["scaled"] = draw(st.integers(-10_000, 10_000))
    return Score(**{name: made[name] for name in made if name == "raw" or draw(st.booleans())})


_BY_PART: dict[type, st.SearchStrategy[Any]] = {
    str: _text,  # in what we send
    PersonRef: st.builds(PersonRef, nip=_nips)
    | st.builds(PersonRef, nrp=st.from_regex(r"\A[0-9A-Z]{5,20}\Z"))
    | st.builds(lambda person: PersonRef(person_id=person), st.builds(uuid7)),
    Alias: st.builds(Alias, kind=st.just("nip"), value=_nips)
    | st.builds(Alias, kind=st.just("old-nip"), value=st.from_regex(r"\A[0-9]{9}\Z")),
    Score: _scores(),
    Certificate: st.builds(
        lambda number, issued, more: Certificate(
            number=number,
            issued_on=issued,
            valid_until=min(issued + timedelta(days=more), date(2199, 12, 31)),
        ),
        _text,
        _days,
        st.integers(0, 2000),
    ),
}
_PAIRS = (
    ("since", "until"),
    ("started_on", "ended_on"),
    ("starts_on", "ends_on"),
    ("valid_from", "valid_until"),
)


def any_event(model: type[E], *, whole: bool = False) -> st.SearchStrategy[E]:
    """Valid events of one class, optional fields present or not; all of them if `whole`."""
    if model is StatementSubmitted:
        return st.sampled_from(_STATED).flatmap(any_event).map(submitted)  # type: ignore[arg-type,return-value]
    return st.fixed_dictionaries(_fields(model, whole=whole)).map(lambda made: model(**_sane(made)))


def least_event(model: type[E]) -> st.SearchStrategy[E]:
    """Valid events of one class with no optional field that it can do without."""
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    needed |= {"position_class"} if "requirements" in needed else set()
    needed |= {"since"} if "anri_consent" in needed else set()
    strategies = {
        name: strategy for name, strategy in _fields(model, whole=True).items() if name in needed
    }
    return st.fixed_dictionaries(strategies).map(lambda made: model(**_sane(made)))


# What a provider may say about a learner who acts: each is a statement that it may also submit.
_STATED: list[type[Event]] = [
    entry.event for entry in CATALOGUE if entry.actor is Actor.LEARNER and "provider" in entry.roles
]


def submitted(event: Event) -> StatementSubmitted:
    """The same event as a provider's own statement, persons named by account."""
    learner: PersonRef = event.learner  # type: ignore[attr-defined]
    named = to_statement(resolve(event, {ref: Resolved(uuid7()) for ref in references(event)}))
    home = {"nip": iris.NIP_HOME, "nrp": iris.NRP_HOME}
    kind, value = reference_of(learner)
    actor = {"homePage": home.get(kind, iris.PERSON_HOME), "name": value}
    return StatementSubmitted.model_validate(
        {
            **event.model_dump(include={"event_id", "occurred_at", "party", "on_behalf_of"}),
            "learner": learner,
            "statement": named | {"actor": {"objectType": "Agent", "account": actor}},
        }
    )


def _fields(model: type[BaseModel], *, whole: bool) -> dict[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(model, include_extras=True)
    return {name: _of(hints[name], whole=whole) for name in model.model_fields}


def _sane(made: dict[str, Any]) -> dict[str, Any]:
    """Dates in order, and one scope where two exclude each other."""
    for first, last in _PAIRS:
        if made.get(first) and made.get(last):
            made[first], made[last] = sorted((made[first], made[last]))
    if "statements" in made and not (made["statements"] or made["types"]):
        made["since"] = made["since"] or made["until"] or date(2020, 1, 1)
    if "position_class" in made and "requirements" in made:
        made["position"] = None if made["position_class"] else "Analis Kebijakan"
    return made


def _of(hint: Any, *, whole: bool = False, least: int = 0) -> st.SearchStrategy[Any]:
    for alias, strategy in _BY_ALIAS:
        if hint == alias:
            return strategy
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        optional = [st.none()] if type(None) in args and not whole else []
        inner = next(arg for arg in args if arg is not type(None))
        return st.one_of(*optional, _of(inner, whole=whole, least=least))
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(_of(args[0], whole=whole), min_size=max(least, whole), max_size=3).map(
            tuple
        )
    if hasattr(hint, "__metadata__"):
        return _narrowed(args[0], hint.__metadata__, whole=whole)
    if hint in _BY_PART:
        return _BY_PART[hint]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return st.fixed_dictionaries(_fields(hint, whole=whole)).map(lambda made: hint(**made))
    raise LookupError(hint)


def _narrowed(hint: Any, metadata: tuple[Any, ...], *, whole: bool) -> st.SearchStrategy[Any]:
    """Of a field that narrows a type or one of the aliases."""
    if hint is int:
        return st.integers(0, 100)
    if hint is Activity:
        return _typed(metadata)
    return _of(hint, whole=whole, least=_least(metadata))


def _least(metadata: tuple[Any, ...]) -> int:
    """The least length that a field asks for."""
    told = [part for one in metadata for part in (one, *getattr(one, "metadata", ()))]
    return max((getattr(part, "min_length", None) or 0 for part in told), default=0)


def _typed(metadata: tuple[Any, ...]) -> st.SearchStrategy[Activity]:
    """Activities of the types that an event allows."""
    allowed = next(one.func for one in metadata if isinstance(getattr(one, "func", None), TypedAs))
    return st.builds(
        Activity,
        id=_of(wire.Iri),
        name=_of(wire.Names),
        type=st.none() | st.sampled_from(allowed.types),
    )
