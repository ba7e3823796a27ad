"""Every worked example of docs/competency.md holds, and no rule is without one and a near miss."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.lookups import certificates_on
from jejak_lrs.competency.persons import Persons, word_of
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.routing import agencies_on
from jejak_schemas.events import Event
from jejak_schemas.parts import PersonRef
from tests import naive_fold, world

PAGE = Path(__file__).parents[2] / "docs" / "competency.md"
LENDERS = {"a": "prov", "b": "prov", "c": "lain", "d": "lain"}
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-0000000000bb"))
COMPETENCIES = {"v1": world.INTEGRITY, "v2": world.BASE + "M.01-v2"}
RULES = [f"Rule {number}" for number in range(14)]
HOURS = ["As programmed", "Per day", "Per session", "Per activity", "Nothing to go by", "Years"]


@dataclass
class Words:
    """A line of an example, taken apart: `2024-01-01 course a 3 form=3`."""

    on: str
    kind: str
    plain: list[str]
    options: dict[str, str]

    @classmethod
    def of(cls, line: str) -> "Words":
        on, kind, *rest = line.split()
        options = dict(word.split("=", 1) for word in rest if "=" in word)
        return cls(on, kind, [word for word in rest if "=" not in word], options)

    @property
    def level(self) -> int | None:
        return next((int(word) for word in self.plain if word.isdigit() and len(word) == 1), None)


@dataclass
class Story:
    """What happened, line by line, so that `#1` names a line."""

    happened: list[Event] = field(default_factory=list)
    decreed: list[Event] = field(default_factory=list)
    lines: list[Event] = field(default_factory=list)

    def tell(self, line: str) -> None:
        words = Words.of(line)
        decree = DECREED.get(words.kind)
        if decree is not None:
            said = decree(words)
            self.decreed += said
            self.lines.append(said[0])
        else:
            one = SAID[words.kind](words, self)
            self.happened.append(one)
            self.lines.append(one)

    def named(self, words: Words) -> Event:
        return self.lines[int(words.plain[0].removeprefix("#")) - 1]

    def profile(self) -> Profile:
        said = [world.registered(), *self.happened]
        persons = Persons(word for one in said if (word := word_of(one)) is not None)
        who = world.PERSON.person_id
        assert who is not None
        facts = [
            fact
            for one in persons.one_with(who)
            for fact in world.facts(naive_fold.of_person(said, one))
        ]
        return assess(facts, world.registry([*world.usual(), *self.decreed]))


def trained(make: Callable[..., Any], **given: Any) -> Callable[[Words, Story], Event]:
    def tell(words: Words, _story: Story) -> Event:
        where = words.plain[0]
        fields = {"party": LENDERS.get(where, "prov")} | given | dict(words.options)
        fields.pop("of", None)
        if "by" in fields:
            fields["party"] = fields.pop("by")
        if "ended" in fields:
            fields["ended_on"] = world.day(fields.pop("ended"))
        if "registration" in fields:
            fields["registration"] = UUID(int=int(fields["registration"]) + (7 << 76) + (2 << 62))
        if words.options.get("of") == "B":
            fields["learner"] = OTHER
        named = None if "series" in words.plain else world.INTEGRITY
        return make(words.on, None if where == "-" else where, words.level, named, **fields)  # type: ignore[no-any-return]

    return tell


def assessed(words: Words, _story: Story) -> Event:
    one = words.options
    return world.assessed(  # type: ignore[no-any-return]
        words.on, words.level or 0, party=words.plain[0], until=one.get("until"),
        learner=OTHER if one.get("of") == "B" else world.PERSON,
    )  # fmt: skip


def stated(words: Words, _story: Story) -> Event:
    until = words.options.get("until")
    return world.stated(words.on, words.level or 0, party=words.plain[0], until=until)  # type: ignore[no-any-return]


def coached(words: Words, _story: Story) -> Event:
    return world.coached(words.on, **words.options)  # type: ignore[no-any-return]


def finished(words: Words, _story: Story) -> Event:
    registration = UUID(int=int(words.options["registration"]) + (7 << 76) + (2 << 62))
    return world.finished(  # type: ignore[no-any-return]
        words.on, form=words.options["form"], offering=world.BASE + "o/" + words.plain[0],
        registration=registration,
    )  # fmt: skip


def voided(words: Words, story: Story) -> Event:
    return world.voided(story.named(words), words.on, words.options.get("by", "prov"))  # type: ignore[no-any-return]


def verified(words: Words, story: Story) -> Event:
    own = words.options.get("verifier") == "self"
    return world.verified(  # type: ignore[no-any-return]
        story.named(words), words.on, words.options.get("by", "2060"),
        world.PERSON if own else world.ASSESSOR,
    )  # fmt: skip


def revoked(words: Words, story: Story) -> Event:
    by = words.options.get("by", "pusat")
    return world.revoked(story.named(words), words.options["from"], by, on=words.on)  # type: ignore[no-any-return]


def recalled(words: Words, _story: Story) -> Event:
    said = {"party": words.options.get("by", "prov"), "issuer": words.options.get("issuer")}
    return world.recalled(words.plain[0], words.options["from"], on=words.on, **said)  # type: ignore[no-any-return]


def reissued(words: Words, _story: Story) -> Event:
    return world.reissued(words.on, words.plain[0], words.options["replaces"])  # type: ignore[no-any-return]


def moved(words: Words, _story: Story) -> Event:
    one = words.options
    given: dict[str, Any] = {"person": OTHER if one.get("of") == "B" else world.PERSON}
    if "agency" in one:
        given |= {"home_agency": one["agency"], "working_agency": one["agency"]}
    if "contract" in one:
        given["contract_start"] = world.day(one["contract"])
    names = {"class": "position_class", "kind": "kind"}
    given |= {field: one[name] for name, field in names.items() if name in one}
    return world.moved(words.on, **given)


def claimed(words: Words, _story: Story) -> Event:
    return world.rostered(words.plain[0], words.on, words.options.get("until"))


SAID: dict[str, Callable[[Words, Story], Event]] = {
    "session": trained(world.attended),
    "visit": trained(world.visit),
    "shared": trained(world.shared),
    "course": trained(world.course),
    "joined": trained(world.joined),
    "alone": trained(world.logged, party="2060"),
    "seconded": trained(world.seconded, party="2060"),
    "project": trained(world.evaluated),
    "failed-project": trained(world.evaluated, outcome="failed"),
    "test": trained(world.passed),
    "failed-test": trained(world.failed),
    "certificate": trained(world.certificate),
    "assessed": assessed,
    "stated": stated,
    "coached": coached,
    "finished": finished,
    "void": voided,
    "verified": verified,
    "revoked": revoked,
    "recalled": recalled,
    "reissued": reissued,
    "moved": moved,
    "separated": lambda words, _: world.separated(words.on),
    "claimed": claimed,
    "merged": lambda words, _: world.merged(world.PERSON, OTHER, words.on),
    "split": lambda words, story: world.split(story.named(words), words.on),
}


def ruleset(words: Words) -> list[Event]:
    """The shipped ruleset with other numbers, from a day: `3=7000` is the threshold of level 3."""
    shipped = {"3": "6000", "2": "3000"}
    changes = [
        (f"{level} = {was}", f"{level} = {words.options[level]}")
        for level, was in shipped.items()
        if level in words.options
    ]
    if "minimum" in words.options:
        changes.append(("minimum = 2000", f"minimum = {words.options['minimum']}"))
    text = world.document(*changes, ('version = "2026.1"', f'version = "{words.plain[0]}"'))
    return [world.rules(text, words.on, words.plain[0])]


def framework(words: Words) -> list[Event]:
    earlier = (world.INTEGRITY,) if "equivalent" in words.plain else ()
    return [world.framework(COMPETENCIES["v2"], on=words.on, version="2", equivalents=earlier)]


DECREED: dict[str, Callable[[Words], list[Event]]] = {
    "ruleset": ruleset,
    "framework-v2": framework,
    "aligned": lambda words: world.aligned(
        words.plain[0], words.level or 0, valid_from=words.on,
        signer=words.options.get("signed", "panrb"),
    ),
    "accredited": lambda words: [world.assessor_accredited(words.plain[0], since=words.on)],
    "suspended-provider": lambda words: [
        world.provider_suspended(words.plain[0], words.on, words.options.get("until"))
    ],
    "suspended-assessor": lambda words: [
        world.assessor_suspended(words.plain[0], words.on, words.options.get("until"))
    ],
    "withdrawn": lambda words: [world.withdrawn(words.plain[0], words.on)],
    "restructured": lambda words: [
        world.restructured(words.plain[0], *words.plain[1:], since=words.on)
    ],
}  # fmt: skip


def shows(profile: Profile, line: str) -> bool:
    on, what, *value = line.split()
    if what == "jp":
        jp = sum(year.jp for year in profile.hours.years if str(year.starts).startswith(on))
        return f"{jp // 100}.{jp % 100:02}" == value[0]
    if what in ("disputed", "undisputed"):
        return world.disputed(profile, on) == (what == "disputed")
    if what == "agency":
        return (agencies_on(profile, world.day(on)).working or "none") == value[0]
    if what == "paper":
        held = certificates_on(profile, world.day(on)).items()
        papers = {name: state for (name, _), state in held}
        return papers.get(value[0], "none") == value[1]
    if what == "flag":
        return value[0] in {flag for year in profile.hours.years for flag in year.flags}
    look = {"indicated": world.indicated, "asserted": world.asserted}[what]
    competency = COMPETENCIES[value[1] if len(value) > 1 else "v1"]
    return str(look(profile, on, competency) or "none") == value[0]


@dataclass(frozen=True)
class Example:
    """An example of the page: under which heading, what happened, and what days show."""

    heading: str
    happened: tuple[str, ...]
    shown: tuple[str, ...]


def examples() -> list[Example]:
    found, heading = [], ""
    for part in re.split(r"(```example\n.*?\n```|^#+ [^\n]*$)", PAGE.read_text("utf-8"),
                         flags=re.DOTALL | re.MULTILINE):  # fmt: skip
        if part.startswith("#"):
            heading = part.lstrip("# ")
        elif part.startswith("```example"):
            before, after = part.removeprefix("```example\n").removesuffix("\n```").split("\n---\n")
            found.append(Example(heading, tuple(before.splitlines()), tuple(after.splitlines())))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda one: "; ".join(one.happened))
def test_the_example_holds(example: Example) -> None:
    story = Story()
    for line in example.happened:
        story.tell(line)
    profile = story.profile()
    assert [line for line in example.shown if not shows(profile, line)] == []


@pytest.mark.parametrize("rule", [*RULES, *HOURS])
def test_every_rule_has_an_example_and_a_near_miss(rule: str) -> None:
    """A rule is the start of a heading, or a number named in one: `Rules 6 and 7`."""
    number = rule.removeprefix("Rule ")
    under = [
        one
        for one in examples()
        if one.heading.startswith(rule + ":") or re.match(rf"Rules .*\b{number}\b", one.heading)
    ]
    assert len(under) >= 2, rule
    assert len({one.shown for one in under} | {one.happened for one in under}) > 1
