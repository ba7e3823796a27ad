"""Values that a reader may choke on: numbers, texts, JSON, headers, whole messages."""

import gzip
import json
from typing import Any, Final

from jejak_schemas import iris
from tests.faults import FIXED, NIP, NIPS


def varint(number: int) -> bytes:
    """A long as Avro writes it."""
    rest, made = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        made.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*made, rest])


_EDGES: Final = (
    0,
    1,
    -1,
    -2,
    2,
    63,
    64,
    -64,
    -65,
    127,
    255,
    1_000,
    65_536,
    2**31 - 1,
    -(2**31),
    2**40,
)
_OVERLONG: Final = (
    b"\x80\x00",
    b"\x80" * 9 + b"\x00",
    b"\x80" * 12 + b"\x01",
    b"\xff" * 10,
    b"\xff" * 70,
)
BYTES: Final = (
    *(varint(number) for number in (*_EDGES, -(2**40), 2**62, 2**63 - 1, -(2**63))),
    *_OVERLONG,
    *(varint(-count) + varint(size) for count in (1, 2**40) for size in (0, -1, 2**40)),
    b"\x00", b"\x00\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
    b"\xef\xbb\xbf",
    b"\xc3\x01", b"\xe2\x80\xae", NIP.encode(), b"1985",
)  # fmt: skip
NUMBERS: Final = (*_EDGES, 5, 6, 10_000_001, 2**53, 2**63 - 1, -(2**63), 253_402_300_800_000_000)
_WORDS: Final = [
    fault.value for row in FIXED.values() for fault in row if isinstance(fault.value, str)
]
TEXTS: Final = (
    *(word for word in _WORDS if word.isprintable() and len(word) < 200),
    *NIPS, "a" * 65, "a" * 513, "a" * 401, "\x00", "a\x00b", " ", "\n", "\ufeff",
    "\u202e" + "a", "\N{PILE OF POO}" * 9, "e\u0301", "\U0010ffff", "%00", "../../etc",
    "' OR 1=1 --", "{{7*7}}", "$(id)",
    "https://a.id/" + "%20" * 100, "a:" + "(" * 400, "id-" + "aa-" * 9 + "aa",
    "https://a.id/b\u2028",
    "2026-03-09", "PT1S", "NaN", "-0", "1e999", "null",
)  # fmt: skip


BIG_TEXTS: Final = (
    "1" * 60_000, "ä" * 30_000, gzip.compress(bytes(1_000_000)).hex(), f"{NIP} " * 3_000,
)  # fmt: skip


def _deep(levels: int) -> Any:
    made: Any = 1
    for _ in range(levels):
        made = [made]
    return made


def _account(home: Any, name: Any, **more: Any) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name, **more}}


_STRANGE_AGENTS: Final = (
    _account(iris.NIP_HOME, NIP), _account(iris.NIP_HOME, "123"), _account(iris.NIP_HOME, 7),
    _account(iris.NIP_HOME, NIP, more=1), _account(iris.NIP_HOME, None), _account([], NIP),
    _account({}, {}),
    _account(iris.NRP_HOME, "31990045"), _account(iris.NRP_HOME, NIP), _account(iris.PARTY_HOME,
    "lan"),
    _account(iris.PARTY_HOME, ["lan"]), _account(iris.PERSON_HOME,
    "1865195B-50C9-40A2-AEE3-02E5FCD7241A"),
    _account(iris.PERSON_HOME, "kanari"), _account(iris.PERSON_HOME,
    "{1865195b-50c9-40a2-aee3-02e5fcd7241a}"),
    {"account": None}, {"account": []}, {"account": "a"}, {"account": {}}, {"objectType": "Agent"},
    {"objectType": "Group"}, {"objectType": "Group", "member": []}, {"objectType": "Group",
    "member": [7, None]},
    {"objectType": "Group", "member": [_account(iris.NIP_HOME, NIP)] * 3}, {"objectType": "Group",
    "member": {}},
    {"objectType": ["Agent"]}, {"objectType": {}}, {"mbox": "mailto:a@b.id"}, {"mbox": 7},
    {"openid": []},
    {"mbox_sha1sum": "ab" * 20},
)  # fmt: skip
_STRANGE_OBJECTS: Final = (
    {"objectType": "StatementRef", "id": "019d2e85-9680-7bfb-be81-58eadb8d70eb"},
    {"objectType": "StatementRef"},
    {"objectType": "SubStatement"}, {"objectType": "SubStatement", "actor": {}, "verb": {},
    "object": {}},
    {"objectType": "SubStatement", "object": {"objectType": "SubStatement",
    "object": {"object": {}}}},
    {"objectType": "Activity"}, {"objectType": "Activity", "id": 7}, {"objectType": 7, "id": []},
    {"object": {}},
    {"object": []}, {"account": {"homePage": iris.PARTY_HOME}}, {"id": "https://a.id/b",
    "definition": []},
    {"id": "https://a.id/b", "definition": {"type": {}, "name": [], "extensions": 7}},
    {"display": {"id": 7}},
)  # fmt: skip
JSON: Final[tuple[Any, ...]] = (
    "wrap", None, True, False, 0, -1, 1.5, -0.0, 1e308, 5e-324, 2**53, 2**64, 10**400, "", " ",
    "a", "\x00", "id", "\ud800",
    [], {}, [[]], [{}], [None], {"": ""}, {"a": 1}, {"\x00": 1}, {"a": "\x00"}, {NIP: 1},
    int(NIP), *NIPS,
    _deep(25), _deep(31), _deep(33),
    "2026-03-09T02:15:00Z", "2026-03-09", "PT1H", "https://a.id/b", "mailto:a@b.id",
    "id-ID", "019d2e85-9680-7bfb-be81-58eadb8d70eb", "019D2E85-9680-7BFB-BE81-58EADB8D70EB",
    "2.0.0", "1.0.3", "Agent",
    [["a"]] * 50, {"scaled": 2}, {"scaled": "1"}, {"raw": 1, "min": 2, "max": 0}, {"score": []},
    {"duration": 7},
    [{"usageType": 7}], [{"usageType": "https://a.id", "display": {}, "contentType": "a",
    "length": -1, "sha2": []}],
    *_STRANGE_AGENTS, *_STRANGE_OBJECTS,
)  # fmt: skip
BIG_JSON: Final[tuple[Any, ...]] = (
    ["a"] * 2_000, {f"a{n}": n for n in range(2_000)}, "a" * 50_000, "1" * 50_000, _deep(300),
    [{}] * 5_000,
    [_account(iris.NIP_HOME, f"1985031220100110{n:02}") for n in range(100)],
    "P" + "1" * 5_000 + "Y", "a" * 5_000 + ":",
)  # fmt: skip
NAMES: Final = (
    "id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority",
    "version", "attachments",
    "objectType", "account", "member", "mbox", "name", "homePage", "definition", "display",
    "extensions", "score", "duration",
    "contextActivities", "contextAgents", "contextGroups", "registration", "instructor", "team",
    "statement", "revision",
    "platform", "language", "parent", "category", "agent", "relevantTypes", "", "\x00", "a b",
    "kanari", NIP, "__class__",
    iris.EXTENSION + "event", iris.EXTENSION + "party", iris.EXTENSION + "on_behalf_of",
    "correctResponsesPattern", "choices",
)  # fmt: skip
IN_JSON: Final = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "0x10", "01", "1.", ".5", "\\ud800",
    "\\u0000", "\\x", "\\",
    '"', "{", "}", "[" * 50, ",", ",,", ":", "//", "/*", "\ufeff", "\x00", "\u2028", "'",
    '"a":1,"a":1,', NIP, "true", "null",
)  # fmt: skip
BIG_IN_JSON: Final = (
    "[" * 40_000, "{" * 40_000, '{"a":' * 10_000, " " * 30_000, "{" + " " * 30_000,
    '{"homePage":' + " " * 20_000, "9" * 4_301,
    '{"homePage" : "' * 3_000, "{" * 500 + " " * 20_000,
)  # fmt: skip
HEADER_NAMES: Final = (
    "ce_id", "ce_type", "ce_specversion", "content-type", "ce_source", "ce_time", "", "x" * 1_000,
    "traceparent", "CE_ID", "\x00",
)  # fmt: skip
HEADERS: Final[tuple[Any, ...]] = (
    b"", b"\xff\xfe", b"1.0", b"0.3", b"application/json", b"application/avro; charset=utf-8",
    None, b"\x00", b"a" * 10_000,
    NIP.encode(), b"\xed\xa0\x80", b"id.jejak.events.Genesis",
)  # fmt: skip
KEYS: Final = (
    None, b"", b"\x00", b"\xff\xfe", b"a" * 70_000, NIP.encode(), b" " + NIP.encode(),
    b"\xed\xa0\x80", "ä".encode() * 18,
    b"019d2e85-9680-7bfb-be81-58eadb8d70eb", b"019D2E85-9680-7BFB-BE81-58EADB8D70EB", b"0" * 36,
    b"-" * 36,
)  # fmt: skip
_XML: Final = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>'
GARBAGE: Final = (
    None, b"", b"\x00", b"\xc3", b"\xc3\x01", b"\xc3\x01" + bytes(7), b"\x00" + bytes(3),
    b"\x00" * 5,
    b"{}", json.dumps({"event": "CourseCompleted"}).encode(), _XML,
    b"\x08\x96\x01\x12\x07testing", b"\n\x05\x08\x96\x01", b"Obj\x01" + bytes(40), b"PAR1",
    b"PK\x03\x04" + bytes(40), b"%PDF-1.7",
    gzip.compress(b"{}"), b"GET / HTTP/1.1\r\n\r\n", "ä".encode("utf-16"), "ä".encode("utf-32"),
    varint(2**40) * 3, varint(-(2**63)) * 3, bytes(range(256)) * 3,
)  # fmt: skip
BIG_GARBAGE: Final = (
    b"\x00" * 70_000, b"\xff" * 65_536, b"\x80" * 65_000, b"\x02" * 65_000, b"[" * 60_000,
    gzip.compress(bytes(10_000_000)),
    b"\x01" * 60_000, b"\x01\x00" * 30_000,
)  # fmt: skip
