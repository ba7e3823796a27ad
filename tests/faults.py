"""What can be wrong with a value of each kind of field, and the reason that it gets: as data.

This is the contract said once more, apart from the product: a reason that changes there fails
here. A fault without a reason is none: the last value that is still taken.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel

from jejak_schemas import events, iris, parts

NIP: Final = "198503122010011002"
GROUPED: Final = "19850312 201001 1 002"
# The forms in which a NIP is copied into a text: by itself, in its groups, among other words.
NIPS: Final = (
    NIP, GROUPED, f"a{NIP}b", f"peserta-{NIP}", "１９８５０３１２２０１００１１００２",  # noqa: RUF001
    *(GROUPED.replace(" ", gap) for gap in ("-", ".", "\N{NO-BREAK SPACE}", "\N{EN DASH}", "\n")),
)  # fmt: skip
_IN_CODES: Final = [nip for nip in NIPS if re.fullmatch(r"[\w.-]+", nip, re.ASCII)]
_IN_IRIS: Final = [
    *(f"https://a.id/{nip}/x" for nip in NIPS if re.fullmatch(r"\S+", nip)),
    f"https://a.id/?n={GROUPED.replace(' ', '%20')}",
    f"https://a.id/?n={GROUPED.replace(' ', '+')}",
    f"nip:{NIP}",
]
WORD: Final = "Kanari!"  # planted where a bad text may be any: it must show nowhere
TRUE: Final = True
HALF: Final = "\ud800"  # of a surrogate pair: no UTF-8 has it
ID: Final = "019d2e85-9680-7bfb-be81-58eadb8d70eb"
UUID4: Final = "1865195b-50c9-40a2-aee3-02e5fcd7241a"
_AT: Final = "2026-03-09T02:15:00Z"
GOOD: Final[Mapping[str, Any]] = {
    "event-id": ID, "id": UUID4, "time": _AT, "day": "2026-03-09", "nip": NIP, "nrp": "31990045",
    "code": "a-1", "party-code": "prov", "agency-code": "4012", "text": "Teks",
    "iri": "https://a.id/b", "sha256": "ab" * 32, "alias": "A-12345", "own-number": 3,
    "own-text": "text", "activity-type": "https://a.id/b", "statement": "",  # written elsewhere
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad value. The refusal names its place, one `below` it, or the part that it is of."""

    name: str
    value: Any
    reason: str | None
    below: str = ""
    of_part: bool = False


class Place(Protocol):
    """What a fault may depend on."""

    @property
    def low(self) -> int | None: ...
    @property
    def high(self) -> int | None: ...
    @property
    def sample(self) -> Any: ...


def _each(reason: str, *values: Any) -> tuple[Fault, ...]:
    return tuple(Fault(f"{reason} {value!r:.40}", value, reason) for value in values)


_NO_TEXT: Final = _each("wrong-type", None, 7, 1.5, TRUE, [], {})
_NO_NUMBER: Final = _each("wrong-type", None, "7", WORD, 1.5, 7.0, TRUE, [], {})
_NO_TIME: Final = _each("wrong-type", None, 7, 1_772_000_000, 1.5, TRUE, [], {})
_NO_MATTER: Final = _each("wrong-type", [], {})  # what we send ourselves is not read so strictly
FIXED: Final[Mapping[str, tuple[Fault, ...]]] = {
    "event-id": _NO_TEXT
    + _each("bad-format", "", WORD, NIP, UUID4, f"{{{ID}}}", f"urn:uuid:{ID}", HALF)
    + _each("bad-format", ID.replace("-", ""), ID[:-1], ID + "0", ID.replace("0", "０")),  # noqa: RUF001
    "id": _NO_TEXT
    + _each("bad-format", "", WORD, NIP, f"{{{ID}}}", f"urn:uuid:{ID}", HALF)
    + _each("bad-format", ID.replace("-", ""), ID[:-1], ID + "0"),
    "time": _NO_TIME
    + _each("bad-format", "", WORD, NIP, HALF, "2026-03-09", "2026-03-09T02:15:00", "09/03/2026")
    + _each("bad-format", "2026-02-30T00:00:00Z", "2026-03-09T24:00:00Z", "2026-03-09T02:15:60Z")
    + _each("bad-format", "２０２６-03-09T02:15:00Z", _AT + "\x00")  # noqa: RUF001
    + _each("out-of-range", "1949-12-31T23:59:59.999999Z", "2200-01-01T00:00:00Z")
    + _each("out-of-range", "2199-12-31T23:59:59-00:01", "9999-12-31T23:59:59-14:00")
    + _each("out-of-range", "0001-01-01T00:00:00+14:00"),
    "day": _NO_TIME
    + _each("bad-format", "", WORD, NIP, HALF, "2026-02-30", "2026-3-9", "20260309", _AT)
    + _each("bad-format", "２０２６-03-09", "2026-03-09\x00")  # noqa: RUF001
    + _each("out-of-range", "1949-12-31", "2200-01-01", "0001-01-01", "9999-12-31"),
    "nip": _NO_TEXT
    + _each("nip-impossible", "", WORD, NIP[:-1], NIP + "0", GROUPED, "A" + NIP[1:], NIP + "\x00")
    + _each("nip-impossible", "19851312" + NIP[8:], "19850230" + NIP[8:], "00000000" + NIP[8:])
    + _each("nip-impossible", "18490312" + NIP[8:], "22500312" + NIP[8:], NIPS[4])
    + _each("nip-impossible", HALF),
    "nrp": _NO_TEXT
    + _each("bad-format", "", WORD, NIP, f"A{NIP}", "1234", "1" * 21, "abcde", "12345\x00")
    + _each("bad-format", HALF),
    "code": _NO_TEXT
    + _each("bad-format", "", WORD, "dua kata", "-a", "é", "a\x00", "a\n", GROUPED, "/etc")
    + _each("personal-data-in-text", *_IN_CODES)
    + _each("invalid-utf8", HALF),
    "party-code": _NO_TEXT
    + _each("bad-format", "", WORD, "dua kata", "LAN", "-a", "a_b", "a.b", "a\x00", GROUPED)
    + _each("personal-data-in-text", NIP, f"a{NIP}b", f"peserta-{NIP}", NIPS[2])
    + _each("invalid-utf8", HALF),
    "agency-code": _NO_TEXT
    + _each("bad-format", "", WORD, "401", "40120", "401a", "４０１２", "4012\x00", NIP)  # noqa: RUF001
    + _each("invalid-utf8", HALF),
    "text": _NO_TEXT
    + _each("nul-character", "\x00", "a\x00b")
    + _each("personal-data-in-text", *NIPS)
    + _each("invalid-utf8", HALF, "a" + HALF),
    "iri": _NO_TEXT
    + _each("bad-format", "", WORD, "a", "urn:", "//a.id/b", "1a:b", "https://a.id/ b", "a:\x00")
    + _each("bad-format", "a:<b>", 'a:"', "a:{b}", "a:\x85", "a:b\n", f"https://a.id/{GROUPED}")
    + _each("personal-data-in-text", *_IN_IRIS)
    + _each("invalid-utf8", f"a:{HALF}"),
    "sha256": _NO_TEXT
    + _each("bad-format", "", WORD, NIP, "ab" * 31, "ab" * 33, "AB" * 32, "xy" * 32)
    + _each("bad-format", "ab" * 32 + "\n")
    + _each("invalid-utf8", HALF),
    "alias": _NO_TEXT
    + _each("bad-format", WORD, "dua kata", "a\x00b", "é" * 9)
    + _each("invalid-utf8", HALF * 3),
    "own-text": _NO_MATTER,
    "own-number": _NO_MATTER + _each("out-of-range", -1),
    "number": _NO_NUMBER + _each("out-of-range", -(2**63), 2**63, 10**400),
    "choice": _NO_TEXT
    + _each("unknown-code", "", WORD, NIP, "a\x00")
    + _each("invalid-utf8", HALF),
    "list": _each("wrong-type", None, WORD, NIP, 7, 1.5, TRUE, {}, {"0": "a"}),
    "map": _each("wrong-type", None, WORD, NIP, 7, 1.5, TRUE, [], [["id", "a"]])
    + _each("missing", {}),
    "part": _each("wrong-type", None, WORD, NIP, 7, 1.5, TRUE, []),
    "key": _each("bad-format", "", WORD, "Indonesia", "x", "id_ID", "id-", "id\x00", NIP)
    + _each("personal-data-in-text", "id-19850312-201001-1002")
    + _each("invalid-utf8", HALF),
    "statement": _each("wrong-type", None, 7, 1.5, TRUE, [])
    + _each("bad-format", WORD, NIP, "[]", '"a"', "{a", "{} {}", '{"a":NaN}', '{"a":1,"a":2}')
    + _each("bad-format", '{"a":' + "9" * 5_000 + "}", '{"a":1e999}')
    + _each("too-deep", '{"a":' + "[" * 40 + "]" * 40 + "}", '{"a":' * 5_000 + "1" + "}" * 5_000)
    + _each("nul-character", '{"a":"\\u0000"}')
    + _each("invalid-utf8", HALF, '{"a":"\\ud800"}')
    + _each("personal-data-in-text", *(json.dumps({"a": nip}) for nip in NIPS))
    + _each("personal-data-in-text", json.dumps({NIP: 1}), json.dumps({"a": [int(NIP)]}))
    + _each("missing", "", "1")
    + _each("not-xapi", "{}", '{"a":1}'),
}  # fmt: skip
# What of times and dates an Avro body can say wrongly: it holds microseconds and days.
WIRE: Final[Mapping[str, tuple[Fault, ...]]] = {
    "time": _each("out-of-range", -631_152_000_000_001, 7_258_118_400_000_000, 2**63 - 1, -(2**63)),
    "day": _each("out-of-range", -7_306, 84_006, 2**31 - 1, -(2**31)),
}
# Too little, too much: the reasons on either side of a kind's limits.
EDGES: Final[Mapping[str, tuple[str, str]]] = {
    "number": ("out-of-range", "out-of-range"), "text": ("missing", "too-long"),
    "code": ("bad-format", "too-long"), "party-code": ("bad-format", "too-long"),
    "iri": ("bad-format", "too-long"), "alias": ("missing", "too-long"), "key": ("", "too-long"),
    "own-text": ("", "too-long"), "list": ("missing", "too-long"), "map": ("missing", "too-long"),
    "statement": ("", "too-long"), "own-number": ("out-of-range", "out-of-range"),
}  # fmt: skip
_SIZED: Final[Mapping[str, Callable[[int, Any], Any]]] = {
    "number": lambda size, _: size,
    "own-number": lambda size, _: size,
    "iri": lambda size, _: "https://a.id/".ljust(size, "a"),
    "key": lambda size, _: "id" + "-abcdefgh" * 3 + "-" + "a" * (size - 30),
    "list": lambda size, sample: [sample[0]] * size,
    "map": lambda size, _: {f"{chr(97 + n // 26)}{chr(97 + n % 26)}": "a" for n in range(size)},
}


def faults(kind: str, place: Place) -> Iterator[Fault]:
    """Everything that is wrong with a value of a kind in a place, and the edges that are not."""
    if kind == "activity-type":
        yield from FIXED["iri"]
        yield Fault("of another event", "https://a.id/b", "unknown-code", of_part=True)
        return
    yield from FIXED[kind]
    low, high = place.low, place.high
    sized = _SIZED.get(kind, lambda size, _: "a" * size)
    little, much = EDGES.get(kind, ("", ""))
    if low is not None and little:
        yield Fault("least", sized(low, place.sample), None)
        yield Fault("too little", sized(low - 1, place.sample), little)
    if high is not None:
        if kind != "statement":
            yield Fault("most", sized(high, place.sample), None)
        yield Fault("too much", sized(high + 1, place.sample), much)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the fields of a class may not say together; `field` names one, "" the class."""

    of: type[BaseModel]
    name: str
    change: Mapping[str, Any]
    reason: str
    field: str = ""


_EARLY, _LATE = "2026-03-08", "2026-03-09"
_BACKWARDS: Final = (
    (parts.Certificate, "issued_on", "valid_until"),
    (events.Period, "started_on", "ended_on"),
    (events.Validity, "valid_from", "valid_until"),
    (events.OfferingPublished, "starts_on", "ends_on"),
    (events.DestructionApproved, "since", "until"),
)
_NOBODY: Final = {"nip": None, "nrp": None, "person_id": None}
_ANYTHING: Final = {"statements": [], "person": None, "types": [], "since": None, "until": None}
RULES: Final = (
    *(
        Rule(of, f"{last} before {first}", {first: _LATE, last: _EARLY}, "impossible")
        for of, first, last in _BACKWARDS
    ),
    Rule(parts.PersonRef, "nobody", _NOBODY, "person-reference"),
    Rule(parts.PersonRef, "twice", {"nip": NIP, "nrp": "31990045"}, "person-reference"),
    Rule(parts.PersonRef, "by both ids", {"nrp": "31990045", "person_id": ID}, "person-reference"),
    Rule(parts.Alias, "no NIP", {"kind": "nip", "value": "A-12345"}, "nip-impossible", "value"),
    Rule(parts.Alias, "birth", {"kind": "nip", "value": "9" * 18}, "nip-impossible", "value"),
    Rule(parts.Alias, "no NRP", {"kind": "nrp", "value": "abc-1"}, "bad-format", "value"),
    Rule(parts.Score, "min is max", {"min": 5, "max": 5}, "impossible"),
    Rule(parts.Score, "min over max", {"min": 6, "max": 5}, "impossible"),
    Rule(parts.Score, "under min", {"raw": 5, "min": 6, "max": 9}, "out-of-range"),
    Rule(parts.Score, "over max", {"raw": 10, "min": 6, "max": 9}, "out-of-range"),
    Rule(
        events.StandardPublished,
        "no scope",
        {"position_class": None, "position": None},
        "impossible",
    ),
    Rule(
        events.StandardPublished,
        "two scopes",
        {"position_class": "a", "position": "b"},
        "impossible",
    ),
    Rule(events.DestructionApproved, "nothing", _ANYTHING, "impossible"),
    Rule(events.StatementSubmitted, "id", {"event_id": ID[:-1] + "c"}, "impossible"),
    Rule(events.StatementSubmitted, "time", {"occurred_at": "2026-03-09T02:15:01Z"}, "impossible"),
    Rule(events.StatementSubmitted, "learner", {"learner": {"nrp": "55555"}}, "impossible"),
)


def statement_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """A StatementSubmitted whose statement is its event's."""
    person = event["learner"]
    home, name = {
        "nip": (iris.NIP_HOME, person.get("nip")),
        "nrp": (iris.NRP_HOME, person.get("nrp")),
    }.get(next(iter(person)), (iris.PERSON_HOME, person.get("person_id")))
    statement = {
        "id": event["event_id"],
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": name}},
        "verb": {"id": iris.COMPLETED, "display": {"id": "menyelesaikan"}},
        "object": {"id": "https://lms.contoh.id/kursus/7", "objectType": "Activity"},
        "timestamp": event["occurred_at"],
    }
    return {**event, "statement": json.dumps(statement)}
