"""Messages gone wrong, through the recorder's real walk: recorded, or refused with a reason.

`make torture-contract` walks a million; here are the first twenty thousand of another seed.
"""

import json
import tracemalloc
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from jejak_consumers.directory import Directory, NotLookedUp
from jejak_lrs.ledger.batch import Refused
from jejak_schemas import iris
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.events import Event
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.reasons import REASONS
from tests import door, matrix
from tests.fuzz import hostile, run
from tests.fuzz.corpus import Both, Seed, seeds
from tests.fuzz.mutator import Mutator

SEED = 20_261_124
BOTH = Both()


def fate(seed: Seed) -> str:
    """What becomes of a message that is sound."""
    if not issubclass(seed.model, Event):
        return "unknown-schema"
    return "system-only" if BY_NAME[seed.model.__name__].family == "system" else "recorded"


@pytest.mark.parametrize("framing", [SINGLE_OBJECT, BOTH], ids=["single-object", "confluent"])
def test_what_the_fuzz_begins_with_is_sound(framing: Both) -> None:
    for seed in seeds():
        message = door.message(framing.header_of(seed.schema) + seed.body, seed.key)
        item = door.open_door(BOTH).carry(message)
        became = item.reason if isinstance(item, Refused) else "recorded"
        assert became in {fate(seed), "person-unknown"}, (seed.model.__name__, item)


def test_twenty_thousand_bad_messages_end_as_they_must() -> None:
    began = run.peak()
    report = run.run(20_000, SEED)
    assert not report.failures
    assert report.sound
    assert report.messages == sum(report.outcomes.values()) == 20_000
    assert report.outcomes["recorded"] > 200
    assert len(report.outcomes) > 20
    assert run.peak() - began < 200  # MiB


def test_the_same_seed_makes_the_same_messages() -> None:
    first, second = (
        Mutator(Random(SEED), seeds(), (SINGLE_OBJECT, BOTH))  # noqa: S311  no secret
        for _ in range(2)
    )
    assert [first.message(n) for n in range(500)] == [second.message(n) for n in range(500)]


def test_a_failing_message_would_be_found_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(REASONS, "truncated")
    report = run.run(1_000, SEED)
    assert not report.sound
    assert report.undocumented == report.outcomes["internal"] > 0
    assert report.failures


def test_a_short_message_that_claims_much_takes_little_memory() -> None:
    claims = [hostile.varint(number) for number in (2**40, -(2**40), 2**63 - 1)]
    walk = door.open_door()
    tracemalloc.start()
    try:
        for seed in {seed.model: seed for seed in seeds()}.values():
            for at, claim in product(range(0, len(seed.body), 11), claims):
                body = seed.body[:at] + claim + seed.body[at + 1 : at + 30]
                tracemalloc.reset_peak()
                before, _ = tracemalloc.get_traced_memory()
                walk.carry(door.message(seed.schema.header + body))
                _, most = tracemalloc.get_traced_memory()
                assert most - before < 1_000_000, seed.model.__name__
    finally:
        tracemalloc.stop()


def test_a_statement_that_names_hundreds_is_looked_up_at_once() -> None:
    numbers = [f"19850312201001{number:04}" for number in range(300)]
    accounts = [{"account": {"homePage": iris.NIP_HOME, "name": number}} for number in numbers]
    seed = next(seed for seed in seeds() if seed.statement is not None)
    team = {"objectType": "Group", "member": accounts}
    statement = json.dumps({**(seed.statement or {}), "context": {"team": team}})
    value = matrix.encoded(seed.model, {**seed.values, "statement": statement})
    walk = replace(door.open_door(), directory=Directory(door.open_door().finisher, door.NOW))
    with pytest.raises(NotLookedUp) as signal:
        walk.carry(door.message(value, seed.key))
    assert {("nip", number) for number in numbers} <= signal.value.references
