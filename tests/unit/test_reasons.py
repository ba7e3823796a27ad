"""The lists of reasons and warnings are closed: code says no others, and each can be met."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from jejak.loops import finisher
from jejak_consumers.finish import Finisher, Standing
from jejak_consumers.messages import Message
from jejak_consumers.walk import Walk
from jejak_lrs.ledger import parties
from jejak_lrs.ledger.batch import PartyChange, Refused, Row
from jejak_lrs.ledger.parties import Parties
from jejak_producers import jsonlines
from jejak_schemas import avro, codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.documents import material
from jejak_schemas.events import (
    CompetencyAssessed,
    CourseCompleted,
    Event,
    PartySuspended,
    PersonRegistered,
    RulesetPublished,
    StatementSubmitted,
    StatementVoided,
)
from jejak_schemas.parts import Activity, Alias, PersonRef
from jejak_schemas.reasons import REASONS, WARNINGS, Meaning
from tests import door

ROOT: Final = Path(__file__).parents[2]
KNOWN, STRANGER = "198503122010011002", "198503122010011003"  # see door.Remembered
NOBODY: Final = UUID("00000000-0000-4000-8000-000000000001")
SAYS: Final = {"Refusal", "BadEvent", "PydanticCustomError"}
Case = tuple[str, Callable[[Walk], Walk], Message, str | None]


def same(walk: Walk) -> Walk:
    return walk


def completed(**more: Any) -> CourseCompleted:
    said = {
        "occurred_at": door.NOW - timedelta(days=3),
        "party": door.PARTY,
        "learner": PersonRef(nip=KNOWN),
        "activity": Activity(id="https://prov.example/k/1", name={"id": "Analisis Kebijakan"}),
    }
    return CourseCompleted.model_validate(said | more)


def message(event: Event, **more: Any) -> Message:
    key = entry_of(event).key_of(event).encode()
    return replace(door.message(codec.encode(event), key), **more)


def with_parties(*changes: PartyChange) -> Callable[[Walk], Walk]:
    return lambda walk: replace(walk, parties=Parties.of(changes))


PROVIDER: Final = PartyChange(door.PARTY, parties.DECLARED, date(1950, 1, 1), roles=("provider",))
SUSPENDED: Final = PartyChange(door.PARTY, "PartySuspended", date(2026, 1, 1))


class Failing(Finisher):
    """A finisher with a fault of ours."""

    def finish(self, event: Event, schema: avro.Schema, body: bytes, standing: Standing) -> Row:
        raise ZeroDivisionError


def failing(walk: Walk) -> Walk:
    return replace(walk, finisher=Failing(finisher().pack))


def deep() -> StatementSubmitted:
    nested: Any = "x"
    for _ in range(40):
        nested = {"https://prov.example/x": nested}
    document = material.example_of("StatementSubmitted")
    statement = document["statement"] | {"result": {"extensions": nested}}
    good = StatementSubmitted.model_validate(document | {"party": door.PARTY})
    return good.model_copy(update={"statement": json.dumps(statement)})


def refusals() -> Iterator[Case]:
    """(reason, what is different about the ledger, the message, the field)."""
    good = completed()
    value, key = codec.encode(good), KNOWN.encode()
    text = door.message(b'{"event": "CourseCompleted"}', key)
    huge = RulesetPublished(
        occurred_at=door.NOW, party=door.PARTY, version="9", valid_from=date(2026, 1, 1),
        document="x" * 60_000,
    ).model_copy(update={"document": "x" * 65_600})  # fmt: skip
    suspended = PartySuspended(
        occurred_at=door.NOW, party=door.PARTY, code="x", reason="x", valid_from=date(2026, 1, 1)
    )
    assessed = CompetencyAssessed.model_validate(
        material.example_of("CompetencyAssessed") | {"party": door.PARTY}
    )
    yield "unreadable", same, text, None
    yield "unknown-schema", same, door.message(value[:2] + bytes(8) + value[10:], key), None
    yield "truncated", same, door.message(value[:-7], key), None
    yield "trailing-bytes", same, door.message(value + b"\n", key), None
    yield "too-large", same, message(huge), None
    yield "too-deep", same, message(deep()), "statement"
    yield "invalid-utf8", same, door.message(value.replace(b"Analisis", b"Analis\xe9s"), key), None
    yield "person-unknown", same, message(completed(learner={"person_id": NOBODY})), None
    late = completed().model_copy(update={"occurred_at": door.NOW + timedelta(days=2)})
    yield "occurred-in-future", same, message(late), "occurred_at"
    yield "wrong-party", same, message(completed(party="other")), "party"
    yield "on-behalf-not-granted", same, message(completed(on_behalf_of="lan")), "on_behalf_of"
    yield "party-suspended", with_parties(PROVIDER, SUSPENDED), message(good), "party"
    yield "role-not-allowed", with_parties(PROVIDER), message(assessed), "party"
    yield "system-only", same, message(suspended), None
    yield "header-mismatch", same, message(good, headers=(("ce_id", b"x"),)), "ce_id"
    yield "key-mismatch", same, door.message(value, f'"{KNOWN}"'.encode()), None
    yield "internal", failing, message(good), None


@pytest.mark.parametrize("case", list(refusals()), ids=lambda case: case[0])
def test_each_reason_is_given_with_its_words_and_no_value(case: Case) -> None:
    reason, changed, sent, field = case
    item = changed(door.open_door()).carry(sent)
    assert isinstance(item, Refused)
    assert (item.reason, item.field) == (reason, field)
    assert item.detail
    assert KNOWN not in f"{item.detail} {item.field}"


def test_every_reason_is_met_in_a_test() -> None:
    """Those that one bad field leads to are met in test_documents, each by its example."""
    by_field = {code for code in REASONS if material.shown_of(code).event}
    assert {reason for reason, *_ in refusals()} | by_field == set(REASONS)


WARNED: Final[Mapping[str, Event]] = {
    "person-unconfirmed": completed(learner=PersonRef(nip=STRANGER)),
    "target-unknown-yet": StatementVoided(
        occurred_at=door.NOW, party=door.PARTY, target=uuid7(), reason="x"
    ),
    "outside-accreditation": completed(form="9"),
    "nip-pattern": completed(learner=PersonRef(nip="198503122010191002")),
    "alias-held-elsewhere": PersonRegistered(
        occurred_at=door.NOW, party=door.PARTY, person=PersonRef(nip=KNOWN),
        aliases=(Alias(kind="nip", value="199001152015022002"),), home_agency="2060",
        working_agency="2060", position_class="pengawas", kind="PNS", valid_from=date(2026, 1, 1),
    ),
    "late": completed(occurred_at=datetime(2025, 1, 1, tzinfo=UTC)),
}  # fmt: skip


@pytest.mark.parametrize("warning", WARNINGS)
def test_each_warning_is_given_and_the_event_is_recorded(warning: str) -> None:
    event = WARNED[warning]
    provider = with_parties(replace(PROVIDER, roles=("provider", "bkn")))
    walk = provider(door.open_door())
    walk.directory.find_all({("nip", KNOWN), ("nip", "199001152015022002")}, event.event_id)
    row = walk.carry(message(event))
    assert isinstance(row, Row)
    assert warning in row.warnings


def test_code_says_no_reason_and_no_warning_outside_the_lists() -> None:
    said, warned = set(), set()
    for folder in ("schemas", "producers", "consumers"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            said |= set(_first_words(tree))
            if path.name == "walk.py":
                warned |= set(_warned(tree))
    reasons = said | set(codec._REASON_OF.values())
    assert reasons - set(REASONS) - set(jsonlines.REASONS) == set()
    assert warned == set(WARNINGS)


def _first_words(tree: ast.Module) -> Iterator[str]:
    """The first argument of every error that carries a reason, where it stands there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _warned(tree: ast.Module) -> Iterator[str]:
    """Every word that is appended to a list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
            yield from (one.value for one in node.args if isinstance(one, ast.Constant))


@pytest.mark.parametrize(
    "closed", [REASONS, WARNINGS, jsonlines.REASONS], ids=("reasons", "warnings", "own")
)
def test_each_is_explained_in_two_languages_with_how_to_mend_it(closed: dict[str, Meaning]) -> None:
    for code, meaning in closed.items():
        words = {meaning.en, meaning.id, meaning.mend_en, meaning.mend_id}
        assert len(words) == 4, code
        assert all(text.endswith(".") for text in words), code
