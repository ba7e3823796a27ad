"""JSON Lines and CSV become events, and what is wrong is named by line and field."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jejak_producers import BadEvent, BadFile, bulk, columns, event_of
from jejak_producers.rows import Line, open_rows, read
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.events import CourseCompleted, ProviderAccredited

NIP = "198503152010011001"
GOOD: dict[str, Any] = {
    "event": "CourseCompleted",
    "occurred_at": "2026-03-09T09:15:00+07:00",
    "party": "lan",
    "learner": {"nip": NIP},
    "activity": {"id": "https://lan.example/pka", "name": {"id": "Pelatihan", "en": "Training"}},
    "competencies": [{"id": "https://panrb.example/M.02", "claimed_level": 3}],
    "jp_claimed": 3200,
    "started_on": "2026-03-01",
}


def rows(text: str | bytes, form: Any = None) -> list[Line]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read(io.BytesIO(raw), "events", form))


def fault(line: Line) -> tuple[int, str, str | None]:
    with pytest.raises(BadEvent) as caught:
        line.event()
    assert NIP not in str(caught.value)
    return line.number, caught.value.reason, caught.value.field


def test_json_lines_become_events() -> None:
    (line,) = rows(json.dumps(GOOD))
    event = line.event()
    assert isinstance(event, CourseCompleted)
    assert event.occurred_at == datetime(2026, 3, 9, 2, 15, tzinfo=UTC)
    assert event.competencies[0].claimed_level == 3


def test_csv_says_the_same_as_json_lines() -> None:
    header = (
        "event,event_id,occurred_at,party,learner.nip,activity.id,activity.name.id,"
        "activity.name.en,competencies.0.id,competencies.0.claimed_level,jp_claimed,started_on,"
        "ended_on"
    )
    event_id = "019a57f7-0d80-7e91-b398-22f3dbd18391"
    cells = (
        f"CourseCompleted,{event_id},2026-03-09T09:15:00+07:00,lan,{NIP},https://lan.example/pka,"
        "Pelatihan,Training,https://panrb.example/M.02,3,3200,2026-03-01,"
    )
    expected = event_of(GOOD | {"event_id": event_id})
    for text in (
        f"{header}\n{cells}\n",
        f"\ufeff{header}\r\n{cells}\r\n",
        f"{header}\n{cells}\n".replace(",", ";"),
    ):
        (line,) = rows(text, "csv")
        assert line.number == 2
        assert line.event() == expected


def test_csv_lists_of_codes_and_text_that_looks_like_numbers_keep_their_types() -> None:
    (line,) = rows(
        "event,occurred_at,party,provider,forms.0,forms.1,valid_from\n"
        "ProviderAccredited,2026-01-01T00:00:00Z,lan,fia,11,12,2026-01-01\n"
    )
    event = line.event()
    assert isinstance(event, ProviderAccredited)
    assert event.forms == ("11", "12")


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"event": None}, "missing", "event"),
        ({"event": "Launched"}, "unknown-code", "event"),
        ({"event": "Genesis"}, "system-only", "event"),
        ({"party": None}, "wrong-type", "party"),
        ({"learner": {"nip": "123"}}, "nip-impossible", "learner.nip"),
        ({"learner": {}}, "person-reference", "learner"),
        ({"jp_claimed": "32"}, "wrong-type", "jp_claimed"),
        ({"occurred_at": "2026-03-09T09:15:00"}, "bad-format", "occurred_at"),
        ({"grade": "A"}, "unknown-field", "grade"),
        ({NIP: "A"}, "unknown-field", "(a name that holds a NIP)"),
        ({"unit": f"x{NIP[:8]}"}, None, None),
        ({"host": f"NIP {NIP}"}, "personal-data-in-text", "host"),
        (
            {"competencies": [{"id": "https://x.example/y", "claimed_level": 6}]},
            "out-of-range",
            "competencies[0].claimed_level",
        ),
    ],
)
def test_what_is_wrong_with_a_line_is_named(
    change: dict[str, Any], reason: str | None, field: str | None
) -> None:
    (line,) = rows(json.dumps(GOOD | change), "jsonl")
    if reason is None:
        line.event()
    else:
        assert fault(line) == (1, reason, field)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (json.dumps(GOOD)[:-40].encode(), "not-json"),
        (b"[1, 2]", "not-json"),
        (b"null", "not-json"),
        (b'{"event": NaN}', "not-json"),
        (b'{"event": "CourseCompleted", "event": "ProjectJoined"}', "not-json"),
        (b"[" * 100_000, "not-json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not-json"),
        (b'{"event": "\xff"}', "invalid-utf8"),
        (b'{"event": "' + b"x" * 2_000_000 + b'"}', "too-large"),
        (b'{"event": "Course\\ud800"}', "unknown-code"),
    ],
)
def test_a_line_that_is_no_object_is_refused_and_the_next_is_read(raw: bytes, reason: str) -> None:
    bad, good = rows(raw + b"\n\n" + json.dumps(GOOD).encode() + b"\n", "jsonl")
    assert fault(bad)[:2] == (1, reason)
    assert good.number == 3
    good.event()


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b'{"event": "CourseCompleted", "grade": "A"}', "CourseCompleted"),
        (b'{"event": "Genesis"}', "Genesis"),
        (b'{"event": "Launched"}', None),
        (f'{{"event": "{NIP}"}}'.encode(), None),
        (b'{"event": ["CourseCompleted"]}', None),
        (b'{"event": "CourseComp', None),
        (b"event,party\nCourseCompleted,LAN,more\n", "CourseCompleted"),
        (b"party,event\nlan\n", None),
        (f"event,party\n{NIP},lan\n".encode(), None),
    ],
)
def test_a_bad_line_tells_which_event_it_names_and_nothing_else(
    raw: bytes, named: str | None
) -> None:
    (outcome,) = bulk.check(read(io.BytesIO(raw), "events"))
    assert (outcome.outcome, outcome.event) == ("refused", named)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "events is empty"),
        (b"\n\n", "events holds no events"),
        (b"name,party\nx,y\n", "line 1: the header has no column `event`"),
        (b"event,party,party\n", "line 1: the column `party` is there twice"),
        (b"event,,party\n", "line 1: column 2 has no name"),
        (
            b"event,jp_claimd\n",
            "line 1: `jp_claimd` is a field of no event; do you mean `jp_claimed`",
        ),
        (b"event,competencies.x.id\n", "do you mean `competencies.0.id`"),
        (b"event,learner.nip.digits\n", "`learner.nip.digits` is a field of no event"),
        (b"event;198503152010011001\n", "`(a name with a long number)` is a field of no event"),
        (b"event,learner,learner.nip\nx,y,z\n", "learner is a column and has columns below it"),
        ("event,party\nx,lan\n".encode("utf-16"), "is not UTF-8 text; save it as `CSV UTF-8`"),
        (b'event,party\nx,"half', "line 2: a quotation mark that opens there is never closed"),
        (b'event,party\nx,y\nx,"half"more\n', "line 3: behind a closing quotation mark"),
        (b"event,party\nx," + b"y" * 200_000, "line 2: a cell holds more than 131072 characters"),
        (b"PK\x03\x04\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(raw: bytes, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        rows(raw)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_directories_are_one_clear_line(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no.jsonl", "there is no file"), (tmp_path, "is a directory")):
        with pytest.raises(BadFile, match=said), open_rows(path):
            pass


def test_who_stops_early_ends_the_reading_before_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("event,party\nCourseCompleted,lan\nCourseCompleted,lan\n", "utf-8")
    with open_rows(path) as lines:
        assert next(lines).number == 2
    assert not list(lines)  # else its end, later, would meet a closed file: a traceback


def test_the_form_is_seen_from_the_name_or_the_first_byte(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.txt"):
        path = tmp_path / name
        path.write_text("\ufeff" + json.dumps(GOOD), "utf-8")
        with open_rows(path) as lines:
            assert next(lines).event().party == "lan"


def test_csv_errors_name_the_line_a_record_begins_on() -> None:
    header = "event,occurred_at,party,learner.nip,activity.id,activity.name.id"
    good = f'CourseCompleted,2026-03-09T02:15:00Z,lan,{NIP},https://l.example/a,"two\nlines"'
    bad = "CourseCompleted,2026-03-09T02:15:00Z,lan,123,https://l.example/a,x"
    first, second, third = rows(f"{header}\n{good}\n{bad}\n{good},9\n", "csv")
    assert first.number == 2
    first.event()
    assert fault(second) == (4, "nip-impossible", "learner.nip")
    assert fault(third)[:2] == (5, "unknown-field")


def test_a_list_with_a_hole_is_refused() -> None:
    (line,) = rows(
        "event,occurred_at,party,provider,forms.1,valid_from\n"
        "ProviderAccredited,2026-01-01T00:00:00Z,lan,fia,11,2026-01-01\n"
    )
    assert fault(line) == (2, "wrong-type", "forms")


def test_digests_follow_what_stands_in_the_line() -> None:
    one, two, three = rows(b'{"a": 1}\r\n{"a": 1}\n{"a": 2}\n', "jsonl")
    assert one.digest == two.digest != three.digest
    first, second = rows("event,party\nx,y\nx,z\n")
    assert first.digest != second.digest


def test_what_a_spreadsheet_leaves_behind_is_passed_over() -> None:
    """Columns and rows that were emptied stay in the file as separators."""
    header = "event;occurred_at;party;learner.nip;activity.id;activity.name.id;unit;;"
    cells = f'CourseCompleted;2026-03-09T02:15:00Z;lan;{NIP};https://l.example/a;"a; b";;;'
    (line,) = rows(f"{header}\r\n;;;;;;;;\r\n{cells}\r\n", "csv")
    event = line.event()
    assert isinstance(event, CourseCompleted)
    assert (line.number, event.activity.name, event.unit) == (3, {"id": "a; b"}, None)


@pytest.mark.parametrize(
    ("column", "cell", "reason", "said"),
    [
        ("learner.nip", b"1.98503E+17", "nip-impossible", "shortened the number"),
        ("learner.nip", b"1,98503E+17", "nip-impossible", "shortened the number"),
        ("learner.nip", b"123", "nip-impossible", ""),
        ("jp_claimed", b"32,5", "wrong-type", ""),
        ("started_on", b"09/03/2026", "bad-format", ""),
        ("occurred_at", b"2026-03-09 09:15", "bad-format", ""),
        ("unit", b"Pusat Kajian \xe9", "invalid-utf8", ""),
        ("competencies.0.claimed_level", b"empat", "wrong-type", ""),
    ],
)
def test_a_cell_that_is_wrong_is_named_and_stops_no_other_line(
    column: str, cell: bytes, reason: str, said: str
) -> None:
    good = {
        "event": "CourseCompleted", "occurred_at": "2026-03-09T02:15:00Z", "party": "lan",
        "learner.nip": NIP, "activity.id": "https://l.example/a", "activity.name.id": "A",
        "competencies.0.id": "https://panrb.example/M.02", "competencies.0.claimed_level": "3",
        "jp_claimed": "3200", "started_on": "2026-03-01", "unit": "Pusat",
    }  # fmt: skip
    raw = {name: text.encode() for name, text in good.items()}
    lines = [
        ";".join(good).encode(),
        b";".join((raw | {column: cell}).values()),
        b";".join(raw.values()),
    ]
    bad, whole = rows(b"\n".join(lines), "csv")
    field = column.replace(".0.", "[0].")
    assert fault(bad) == (2, reason, field)
    with pytest.raises(BadEvent, match=said or reason):
        bad.event()
    assert bad.digest != whole.digest
    whole.event()


def test_every_field_of_every_event_is_a_column() -> None:
    for entry in CATALOGUE:
        for name in entry.event.model_fields:
            fields = [shape for shape in columns._shapes() if shape.split(".")[0] == name]
            assert fields or entry.family == "system", f"{entry.name}: {name}"
    assert columns.exists("competencies.12.id")
    assert columns.exists("activity.name.jv")
    assert not columns.exists("learner.name")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.sampled_from(["jsonl", "csv", None]))
def test_whatever_the_bytes_nothing_else_is_raised(raw: bytes, form: Any) -> None:
    try:
        for line in rows(raw, form):
            line.event()
    except (BadEvent, BadFile):
        pass
