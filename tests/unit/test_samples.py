"""The sample nation and its stories: every row an event, said by whom may, of people it knows."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jejak_producers.simulate import samples
from jejak_schemas import clock, codec
from jejak_schemas.catalogue import entry_of
from jejak_schemas.events import Event, LearningEvent
from jejak_schemas.wire import holds_nip

FILES = sorted(samples.folder().glob("*/*.jsonl"))
STORIES = samples.story_files()
FINISHED = [samples.story_file(programme) for programme in samples.PROGRAMMES]
PERSONS = ("learner", "coach", "assessor", "approver", "verifier", "rater")
TODAY = datetime(2026, 11, 24, tzinfo=clock.JAKARTA)
PERSON_FIELDS = {"nip", "nrp", "value"}  # `value` is that of an alias


def ruleset(name: str) -> str:
    return f'version = "{name}"'


def events_of(path: Path) -> list[Event]:
    return list(samples.events(path, ruleset))


def learners_in(path: Path) -> list[str]:
    """The learners of a story, the main one first: README and story begin with them."""
    found = [e.learner.key for e in events_of(path) if isinstance(e, LearningEvent)]
    return list(dict.fromkeys(found))


def short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def texts_outside_person_fields(value: object) -> list[str]:
    if isinstance(value, dict):
        kept = [part for name, part in value.items() if name not in PERSON_FIELDS]
        return [text for part in kept for text in texts_outside_person_fields(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_outside_person_fields(part)]
    return [str(value)]


@pytest.mark.parametrize("path", FILES, ids=short)
def test_every_row_is_an_event_that_the_wire_can_carry(path: Path) -> None:
    events = events_of(path)
    assert events
    for event in events:
        assert codec.read(codec.encode(event)).event == event


@pytest.mark.parametrize("path", FILES, ids=short)
def test_every_party_may_say_what_it_says(path: Path) -> None:
    roles = {party.code: set(party.roles) for party in samples.parties()}
    for event in events_of(path):
        assert roles[event.party] & entry_of(event).roles, (event.party, type(event).__name__)


@pytest.mark.parametrize("path", FILES, ids=short)
def test_nothing_happens_today_or_later(path: Path) -> None:
    assert all(datetime(2025, 1, 1, tzinfo=UTC) < e.occurred_at < TODAY for e in events_of(path))


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_number_of_a_person_stands_outside_the_fields_for_people(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        for text in texts_outside_person_fields(json.loads(line)):
            assert not holds_nip(text)
            assert not re.search(r"(?<!\d)\d{18}(?!\d)", text)


def test_no_id_is_used_twice() -> None:
    ids = Counter(event.event_id for path in FILES for event in events_of(path))
    assert {event_id for event_id, times in ids.items() if times > 1} == set()


def test_the_nation_is_large_enough() -> None:
    roles = Counter(role for party in samples.parties() for role in party.roles)
    people = [
        e for name in ("cast", "people") for e in events_of(samples.nation_file(name + ".jsonl"))
    ]
    assert roles["agency"] >= 20
    assert roles["provider"] >= 12
    assert len(people) >= 300
    assert {getattr(e, "kind", "") for e in people} == {"PNS", "PPPK"}
    assert any(getattr(e, "home_agency", 0) != getattr(e, "working_agency", 0) for e in people)


def test_a_ruleset_wants_its_document_from_the_caller() -> None:
    with pytest.raises(LookupError, match=r"2026\.1"):
        list(samples.events(samples.nation_file("rulesets.jsonl")))


def test_all_alignments_but_one_are_countersigned_by_the_owner_of_the_framework() -> None:
    owners = {}
    for framework in events_of(samples.nation_file("frameworks.jsonl")):
        for competency in framework.competencies:  # type: ignore[attr-defined]
            owners[competency.id] = framework.party
    alignments = {e.event_id: e for e in events_of(samples.nation_file("alignments.jsonl"))}
    signed = {}
    for event in events_of(samples.nation_file("countersignatures.jsonl")):
        signed[event.target] = event.party  # type: ignore[attr-defined]
    assert len(alignments) - len(signed) == 1
    for target, party in signed.items():
        assert owners[alignments[target].competency] == party  # type: ignore[attr-defined]


def test_one_provider_is_never_accredited_and_its_word_is_in_a_story() -> None:
    accredited = {
        getattr(e, "provider", "") for e in events_of(samples.nation_file("accreditations.jsonl"))
    }
    without = {
        party.code
        for party in samples.parties()
        if {"provider", "marketplace"} & set(party.roles) and party.code not in accredited
    }
    assert without == {"cakra-kompetensi", "lms-nusantara"}  # the vendor speaks for others
    assert "cakra-kompetensi" in {e.party for path in STORIES for e in events_of(path)}


@pytest.mark.parametrize("path", STORIES, ids=short)
def test_a_story_names_only_people_and_offerings_of_the_registry(path: Path) -> None:
    offerings = {
        getattr(e, "offering", "") for e in events_of(samples.nation_file("offerings.jsonl"))
    }
    numbers = set(re.findall(r"\d{18}", samples.nation_file("cast.jsonl").read_text("utf-8")))
    for event in events_of(path):
        assert getattr(event, "offering", None) in offerings | {None}
        for name in PERSONS:
            person = getattr(event, name, None)
            assert person is None or person.key in numbers


def test_the_stories_and_what_is_odd_are_all_that_lies_beside_the_nation() -> None:
    beside = [path for path in FILES if path.parent.name != "nation"]
    assert sorted([*STORIES, samples.irregular_file()]) == beside


@pytest.mark.parametrize("path", STORIES, ids=short)
def test_a_story_is_told_by_several_institutions(path: Path) -> None:
    assert len({event.party for event in events_of(path)}) >= 3


@pytest.mark.parametrize("path", STORIES, ids=short)
def test_the_id_of_an_event_was_made_when_it_happened(path: Path) -> None:
    for event in events_of(path):
        assert event.event_id.version == 7
        assert event.event_id.int >> 80 == clock.micros_of(event.occurred_at) // 1000


def test_everyone_has_one_story_and_no_two_stories_share_a_learner() -> None:
    told = Counter(number for path in STORIES for number in set(learners_in(path)))
    assert {number for number, times in told.items() if times > 1} == set()


def test_nobody_leaves_what_they_never_began() -> None:
    ends = {"LearnerWithdrew", "LearnerDismissed", "ProgrammeFailed", "OrderCancelled"}
    starts = {"LearnerRegistered", "OfferingOrdered"}
    for path in STORIES:
        begun: set[tuple[str, str | None, str | None]] = set()
        for event in events_of(path):
            if not isinstance(event, LearningEvent):
                continue
            path_of_one = (event.learner.key, event.programme, event.cohort)
            name = type(event).__name__
            assert name not in ends or path_of_one in begun, (short(path), name)
            begun |= {path_of_one} if name in starts else set()


@pytest.mark.parametrize("path", FINISHED, ids=short)
def test_the_main_person_of_a_story_is_taught_assessed_and_comes_to_the_end(path: Path) -> None:
    main = learners_in(path)[0]
    mine = [e for e in events_of(path) if isinstance(e, LearningEvent) and e.learner.key == main]
    series = {
        (e.speaks_for, getattr(e, "offering", None))
        for e in mine
        if entry_of(e).evidence is not None and getattr(e, "offering", None)
    }
    assert len({provider for provider, _ in series}) >= 2
    assert len({offering for _, offering in series}) >= 2
    assert {"CompetencyAssessed", "CertificateEarned"} <= {type(e).__name__ for e in mine}
    assert type(max(mine, key=lambda e: e.occurred_at)).__name__ == "ProgrammeCompleted"


@pytest.mark.parametrize("path", FINISHED, ids=short)
def test_the_main_person_of_a_story_falls_short_of_the_standard_somewhere(path: Path) -> None:
    main = learners_in(path)[0]
    (post,) = (
        e
        for e in events_of(samples.nation_file("cast.jsonl"))
        if e.person.key == main  # type: ignore[attr-defined]
    )
    required = {
        need.competency: need.level
        for standard in events_of(samples.nation_file("standards.jsonl"))
        if standard.position_class == post.position_class  # type: ignore[attr-defined]
        for need in standard.requirements  # type: ignore[attr-defined]
    }
    held = {
        e.competency: e.level  # type: ignore[attr-defined]
        for e in events_of(path)
        if type(e).__name__ == "CompetencyAssessed" and e.learner.key == main  # type: ignore[attr-defined]
    }
    gaps = [required[competency] - level for competency, level in held.items()]
    assert max(gaps) == 1
    assert min(gaps) <= 0


def test_somebody_in_the_stories_voids_is_late_and_uses_a_former_number() -> None:
    everything = [e for path in STORIES for e in events_of(path)]
    ids = {e.event_id for e in everything}
    voided = {e.target for e in everything if type(e).__name__ == "StatementVoided"}  # type: ignore[attr-defined]
    assert voided
    assert voided <= ids
    outbound = events_of(samples.story_file("outbound-business-learning"))
    assert (max(e.occurred_at for e in outbound) - outbound[-1].occurred_at).days > 120
    former = {
        alias.value
        for e in events_of(samples.nation_file("cast.jsonl"))
        for alias in e.aliases  # type: ignore[attr-defined]
    }
    assert former & {e.learner.key for e in everything if isinstance(e, LearningEvent)}


def test_a_row_written_and_read_again_is_the_same_event() -> None:
    for path in FILES:
        for event in events_of(path):
            assert samples.event_of(samples.row_of(event)) == event
