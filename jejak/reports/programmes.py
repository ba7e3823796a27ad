"""Programmes: how far people have come, who dropped out, what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from msgspec import structs
from rich.console import Group
from rich.table import Table
from rich.text import Text

from jejak import views
from jejak.pictures import Picture
from jejak.reports import Reply, picture
from jejak.sheets import Sheet
from jejak.views import Lang
from jejak_lrs.answers.individuals import Answer
from jejak_lrs.answers.programmes import Cohort
from jejak_lrs.competency.profile import Enrolment

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "programme": "Program", "cohort": "Angkatan", "state": "Keadaan", "reached": "Pernah",
        "now": "Sekarang", "people": "Orang", "completed": "Tamat", "left": "Keluar atau gagal",
        "under-way": "Sedang berjalan", "since": "Sejak", "until": "Sampai sebelum",
        "title": "Program pada {day}",
    },
    "en": {
        "programme": "Programme", "cohort": "Cohort", "state": "State", "reached": "Ever",
        "now": "Now", "people": "People", "completed": "Completed", "left": "Left or failed",
        "under-way": "Under way", "since": "Since", "until": "Until before",
        "title": "Programmes on {day}",
    },
}  # fmt: skip


def of_cohorts(day: str, found: Sequence[Cohort], lang: Lang) -> Reply:
    """Every state of each programme and cohort; for a person, the outcomes, then the states."""
    words = WORDS[lang]
    heads = ("programme", "cohort", "state", "reached", "now")
    rows = [
        (one.programme, one.cohort, at.state, at.reached, at.now)
        for one in found
        for at in one.milestones
    ]
    title = words["title"].format(day=day)
    sheet = Sheet(title, [words[head] for head in heads], rows)
    pictures = [_outcomes(title, found, words), *(_states(one, words) for one in found)]
    return Reply([_document(one) for one in found], sheet, Group(*pictures))


def _outcomes(title: str, found: Sequence[Cohort], words: Mapping[str, str]) -> Table:
    heads = ("programme", "cohort", "people", "under-way", "completed", "left")
    table = Picture(*(words[head] for head in heads), title=title, title_justify="left")
    for one in found:
        table.add_row(
            Text(one.programme), Text(one.cohort or ""), str(one.people), str(one.under_way),
            str(one.completed), str(one.left),
        )  # fmt: skip
    return table


def _states(one: Cohort, words: Mapping[str, str]) -> Table:
    table = Picture(
        words["state"], words["reached"], "", words["now"],
        title=f"{one.programme} {one.cohort or ''}", title_justify="left",
    )  # fmt: skip
    for at in one.milestones:
        style = "red" if at.is_end else "cyan"
        reached = views.bar(at.reached, one.people, 20, style)
        table.add_row(at.state, str(at.reached), reached, str(at.now or ""))
    return table


def _document(one: Cohort) -> dict[str, Any]:
    sums = {"under_way": one.under_way, "completed": one.completed, "left": one.left}
    return {**asdict(one), **sums}


def of_person(found: Answer, lang: Lang) -> Reply:
    """The states of one person, in order."""
    words = WORDS[lang]
    heads = ("programme", "cohort", "state", "since", "until")
    rows = [
        (one.programme, one.cohort, at.state, at.starts, at.ends)
        for one in found.profile.programmes
        for at in one.states
    ]
    sheet = Sheet(words["programme"], [words[head] for head in heads], rows)
    document = {
        "person_id": found.person_id,
        "programmes": [_enrolment(one) for one in found.profile.programmes],
    }
    return Reply(document, sheet, picture(sheet))


def _enrolment(one: Enrolment) -> dict[str, Any]:
    below = {"states": one.states, "milestones": one.milestones}
    return structs.asdict(one) | {
        name: [structs.asdict(at) for at in each] for name, each in below.items()
    }
