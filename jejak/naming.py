"""Competencies by name for people, and answers as JSON documents for programs."""

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

from jejak.errors import Refuse
from jejak_lrs.answers.individuals import Answer
from jejak_lrs.competency.lookups import levels_on
from jejak_lrs.competency.profile import canonical
from jejak_lrs.competency.registry import Registry


def names_of(registry: Registry, lang: str) -> Callable[[str], str]:
    """What gives a competency's code and name in a language, else its IRI."""

    def name(competency: str) -> str:
        definition = registry.definition(competency)
        names = dict(definition.names) if definition else {}
        spoken = names.get(lang) or next(iter(names.values()), competency)
        return f"{code_of(competency)}  {spoken}" if names else competency

    return name


def code_of(competency: str) -> str:
    """The last part of a competency's IRI, which is what people call it by."""
    return competency.rstrip("/").rsplit("/", 1)[-1]


def competency_of(registry: Registry, text: str) -> str:
    """The IRI that a person means by an IRI or a code; Refuse where there is none, or several."""
    known = registry.competencies()
    if text in known:
        return text
    meant = [one for one in known if code_of(one).lower() == text.lower()]
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise Refuse(f"no framework has a competency {text!r}; see the codes in `jejak profile`")
    raise Refuse(f"{text!r} is in several frameworks; say the IRI: {', '.join(meant)}")


def profile_document(found: Answer, day: date) -> dict[str, Any]:
    """A profile, where it stands, and the levels of one day."""
    return {
        "person_id": found.person_id,
        "position": found.position,
        "version": found.version,
        "pending": found.pending,
        "digest": found.digest,
        "day": day,
        "levels": {
            competency: {"asserted": one.asserted, "indicated": one.indicated,
                         "disputed": one.disputed}
            for competency, one in levels_on(found.profile, day).items()
        },
        "profile": orjson.loads(canonical(found.profile)),
    }  # fmt: skip
