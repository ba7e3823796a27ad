"""A provider's own statement: kept byte for byte but for its persons, who are resolved."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from jejak_lrs.competency.extraction import facts_of
from jejak_lrs.competency.facts import Evidence
from jejak_schemas import codec, iris, submission
from jejak_schemas.events import CourseCompleted, StatementSubmitted
from jejak_schemas.mapping import activity_of
from jejak_schemas.resolve import Resolved, references, resolve
from jejak_schemas.statement import followed, to_statement

AT = datetime(2026, 3, 9, 2, 15, tzinfo=UTC)
NIP, COACH = "198503122010011002", "197911052005012001"
ID = uuid7()


def account(home: str, name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}


def own(**more: Any) -> dict[str, Any]:
    """A statement as an LMS writes one, with an instructor and an extension of its own."""
    statement: dict[str, Any] = {
        "id": str(ID),
        "actor": account(iris.NIP_HOME, NIP),
        "verb": {"id": iris.COMPLETED, "display": {"id": "menyelesaikan"}},
        "object": {"id": "https://lms.contoh.id/kursus/7", "objectType": "Activity"},
        "timestamp": "2026-03-09T09:15:00+07:00",
        "context": {
            "instructor": account(iris.NIP_HOME, COACH),
            "extensions": {"https://lms.contoh.id/ext/kelas": {"ruang": "A-3", "kursi": 1.50}},
        },
    }
    return statement | more


def submitted(text: str | None = None, **more: Any) -> StatementSubmitted:
    return StatementSubmitted.model_validate(
        {
            "event_id": ID,
            "occurred_at": AT,
            "party": "pusdiklat",
            "learner": {"nip": NIP},
            "statement": json.dumps(own()) if text is None else text,
            **more,
        }
    )


def refused(**given: Any) -> tuple[str, str | None]:
    with pytest.raises(ValidationError) as caught:
        submitted(**given)
    refusal = codec.refusal_of(caught.value)
    assert NIP not in str(refusal)
    assert COACH not in str(refusal)
    return refusal.reason, refusal.field


def people() -> dict[tuple[str, str], Resolved]:
    return {("nip", NIP): Resolved(UUID(int=1)), ("nip", COACH): Resolved(UUID(int=2))}


def test_only_the_accounts_of_persons_change() -> None:
    text = json.dumps(own(), indent=3).replace("1.5", "1.50")
    kept = resolve(submitted(text), people()).statement
    assert json.loads(kept)["actor"] == account(iris.PERSON_HOME, str(UUID(int=1)))
    assert json.loads(kept)["context"]["instructor"] == account(iris.PERSON_HOME, str(UUID(int=2)))
    lines = kept.splitlines()
    assert len(text.splitlines()) - len(lines) == 6  # two accounts, now on one line each
    assert '"kursi": 1.50' in kept
    assert NIP not in kept
    assert COACH not in kept


def test_a_writer_that_escapes_slashes_is_understood() -> None:
    text = json.dumps(own()).replace("/", r"\/")
    kept = resolve(submitted(text), people()).statement
    assert NIP not in kept
    assert r"https:\/\/lms.contoh.id" in kept


def test_everybody_in_it_is_looked_up() -> None:
    assert references(submitted()) == (("nip", NIP), ("nip", COACH))


def test_what_was_submitted_is_its_own_statement() -> None:
    resolved = resolve(submitted(), people())
    assert to_statement(resolved) == json.loads(resolved.statement)
    assert activity_of(to_statement(resolved)) == "https://lms.contoh.id/kursus/7"


@pytest.mark.parametrize(
    "agent",
    [
        {"mbox": "mailto:budi@contoh.id"},
        {"mbox_sha1sum": "a" * 40},
        {"openid": "https://id.contoh.id/budi"},
        {
            "objectType": "Agent",
            "name": "Budi",
            "account": {"homePage": iris.NIP_HOME, "name": NIP},
        },
        account("https://lms.contoh.id", "12345"),
        account(iris.PARTY_HOME, "Budi Santoso"),
        {"objectType": "Group", "name": "Kelas A", "member": []},
        {"account": {"homePage": iris.NIP_HOME, "name": "085-1", "nama": "Budi"}},
    ],
)
def test_any_other_way_to_name_somebody_is_refused(agent: dict[str, Any]) -> None:
    for statement in (own(actor=agent), own(context={"instructor": agent})):
        assert refused(text=json.dumps(statement)) == ("person-reference", "statement")


def test_a_number_of_a_person_anywhere_else_is_refused() -> None:
    hidden = [
        own(context={"platform": f"kelas {NIP}"}),
        own(context={"extensions": {"https://contoh.id/a": int(NIP)}}),
        own(context={"extensions": {f"https://contoh.id/{NIP}": 1}}),
    ]
    for statement in hidden:
        assert refused(text=json.dumps(statement))[0] == "personal-data-in-text"
    escaped = json.dumps(own(context={"platform": NIP})).replace(f'"{NIP}"', f'"\\u0031{NIP[1:]}"')
    assert refused(text=escaped)[0] == "personal-data-in-text"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{a", "bad-format"),
        ("[]", "bad-format"),
        ('{"id": 1, "id": 2}', "bad-format"),
        ('{"id": NaN}', "bad-format"),
        ('{"id": 1e999}', "bad-format"),
        ('{"id": ' + "[" * 40 + "]" * 40 + "}", "too-deep"),
        ('{"id": ' + "[" * 20_000 + "]" * 20_000 + "}", "too-deep"),
        ('{"id": "\\ud800"}', "invalid-utf8"),
        ('{"id": "\\u0000"}', "nul-character"),
        (r'{"id": "\\\u0000"}', "nul-character"),
    ],
    ids=[
        *["cut", "a list", "a name twice", "NaN", "infinite", "deep", "deepest", "half"],
        *["nul", "nul after backslashes"],
    ],
)
def test_text_that_cannot_be_kept_is_refused(text: str, reason: str) -> None:
    assert refused(text=text) == (reason, "statement")


def test_a_backslash_before_u0000_is_only_text() -> None:
    for written in (r"\u0000", r"\\u0000", r"a\\\u0000"):
        text = json.dumps(own(verb={"id": iris.COMPLETED, "display": {"id": written}}))
        assert submission.checked(text) == text


def test_it_must_not_be_too_long_once_its_persons_are_resolved() -> None:
    longest = own(verb={"id": iris.COMPLETED, "display": {"id": ""}})
    room = submission.LONGEST - len(json.dumps(longest))
    longest["verb"]["display"]["id"] = "a" * room
    assert refused(text=json.dumps(longest)) == ("too-long", "statement")
    longest["verb"]["display"]["id"] = "a" * (room - 100)
    resolved = resolve(submitted(json.dumps(longest)), people())
    assert StatementSubmitted.model_validate(resolved.model_dump()) == resolved


@pytest.mark.parametrize("what", [[], {}, None, 7], ids=str)
def test_what_is_no_text_names_nobody(what: object) -> None:
    nowhere = {"homePage": what, "name": "31990045"}
    nameless = {"homePage": iris.PARTY_HOME, "name": what}
    for account in (what, nowhere, nameless):
        statement = own(context={"instructor": {"objectType": "Agent", "account": account}})
        assert refused(text=json.dumps(statement)) == ("person-reference", "statement")
    assert refused(text=json.dumps(own(id=what)))[0] in {"impossible", "not-xapi"}


def test_it_must_be_this_events_statement_about_its_learner() -> None:
    assert refused(event_id=uuid7())[0] == "impossible"
    assert refused(occurred_at=AT.replace(second=1))[0] == "impossible"
    assert refused(learner={"nip": "199001012015011001"})[0] == "impossible"


def test_stored_and_authority_are_not_the_providers_to_write() -> None:
    assert refused(text=json.dumps(own(stored="2026-03-09T02:15:00Z")))[0] == "not-xapi"
    lan = account(iris.PARTY_HOME, "lan")
    assert refused(text=json.dumps(own(authority=lan)))[0] == "not-xapi"


def test_it_is_evidence_only_where_it_follows_our_profile() -> None:
    foreign = resolve(submitted(), people())
    assert followed(foreign) is None
    assert facts_of(foreign, 1, ID) == ()
    ours = resolve(submitted(json.dumps(following())), people())
    stated = followed(ours)
    assert stated is not None
    assert stated.learner == ours.learner
    assert any(isinstance(fact, Evidence) for fact in facts_of(ours, 1, ID))


@pytest.mark.parametrize("at", ["verb", "object", "result", "context"])
def test_what_contradicts_the_event_it_names_does_not_follow_our_profile(at: str) -> None:
    statement = following()
    if at == "verb":
        statement["verb"] = {"id": iris.FAILED}
    elif at == "object":
        statement["object"]["definition"]["type"] = iris.ASSESSMENT
    elif at == "result":
        statement["result"] = {"completion": False}
    else:
        statement["context"]["contextActivities"]["category"] = {"id": iris.PROFILE}
    assert followed(resolve(submitted(json.dumps(statement)), people())) is None


def test_more_than_our_profile_asks_for_does_no_harm() -> None:
    statement = following()
    statement["object"]["definition"] |= {
        "description": {"id": "Dasar-dasar"},
        "moreInfo": "https://lms.contoh.id/kursus/7",
    }
    statement["result"] |= {"duration": "PT1H30M", "response": "ya"}
    activities = statement["context"]["contextActivities"]
    activities["category"] = [{"id": "https://lms.contoh.id/profil"}, {"id": iris.PROFILE_VERSION}]
    activities["grouping"] = {"id": "https://lms.contoh.id/angkatan/3"}
    activities["parent"] = {"id": "https://lms.contoh.id/penawaran/9"}
    statement["context"]["instructor"] = account(iris.NIP_HOME, COACH)
    stated = followed(resolve(submitted(json.dumps(statement)), people()))
    assert isinstance(stated, CourseCompleted)
    assert (stated.duration, stated.offering) == (5400, "https://lms.contoh.id/penawaran/9")


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"verb": {}}, "verb.id is missing"),
        ({"keterangan": 1}, "it has a member that xAPI does not know"),
        ({"result": {"score": {"raw": 5, "max": 4}}}, "result.score has a raw above its max"),
    ],
)
def test_what_is_no_xapi_is_refused_with_the_place_and_the_rule(
    changed: dict[str, Any], detail: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        submitted(json.dumps(own(**changed)))
    refusal = codec.refusal_of(caught.value)
    assert (refusal.reason, refusal.detail) == ("not-xapi", detail)


@pytest.mark.parametrize(
    "bent",
    [
        {"event": "CompetencyAssessed"},  # what only an assessor may say
        {"event": "Genesis"},
        {"event": "NoSuchEvent"},
        {"party": "another"},
        {"on_behalf_of": "another"},
    ],
    ids=str,
)
def test_following_our_profile_gives_nobody_another_ones_word(bent: dict[str, str]) -> None:
    statement = following()
    extensions = statement["context"]["extensions"]
    extensions |= {iris.EXTENSION + name: value for name, value in bent.items()}
    assert followed(resolve(submitted(json.dumps(statement)), people())) is None


def following() -> dict[str, Any]:
    return own(
        object={
            "objectType": "Activity",
            "id": "https://lms.contoh.id/kursus/7",
            "definition": {"type": iris.COURSE, "name": {"id": "Analisis Kebijakan"}},
        },
        result={"completion": True},
        context={
            "contextActivities": {"category": [{"id": iris.PROFILE_VERSION}]},
            "extensions": {
                iris.EXTENSION + "event": "CourseCompleted",
                iris.EXTENSION + "party": "pusdiklat",
            },
        },
    )


def test_the_example_of_the_page_is_recorded_and_is_evidence() -> None:
    page = (Path(__file__).parents[2] / "docs/xapi.md").read_text("utf-8")
    given = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert given.pop("event") == StatementSubmitted.__name__
    event = StatementSubmitted.model_validate(given)
    stated = followed(resolve(event, people()))
    assert isinstance(stated, CourseCompleted)
    assert stated.duration == 6 * 3600
