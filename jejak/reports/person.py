"""A person's profile, and why a level is what it is, in each form."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Final

from msgspec import structs
from rich.text import Text

from jejak import naming, views
from jejak.reports import Reply
from jejak.sheets import Sheet
from jejak.views import Lang, NameOf
from jejak_lrs.answers.individuals import Answer
from jejak_lrs.competency import wording
from jejak_lrs.competency.explain import Explanation
from jejak_lrs.competency.lookups import levels_on

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("Kompetensi", "Nama", "Dinyatakan", "Ditunjukkan", "Disengketakan"),
    "en": ("Competency", "Name", "Asserted", "Indicated", "Disputed"),
}

EXPLAINED: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (
        "Pernyataan", "Peristiwa", "Penyelenggara", "Sejak", "Sampai sebelum", "Tingkat",
        "Kekuatan", "Dihitung", "Setelah batas", "Mengapa tidak",
    ),
    "en": (
        "Statement", "Event", "Provider", "From", "Until before", "Level", "Strength", "Counted",
        "After the cap", "Why not",
    ),
}  # fmt: skip


def of_profile(found: Answer, day: date, names: NameOf, lang: Lang) -> Reply:
    """The levels of a day in the spreadsheet; everything in the other forms."""
    rows = [
        (competency, names(competency), one.asserted, one.indicated, one.disputed)
        for competency, one in levels_on(found.profile, day).items()
    ]
    sheet = Sheet(f"{day}", WORDS[lang], rows)
    view = views.profile_view(found, day, names, lang)
    return Reply(naming.profile_document(found, day), sheet, view)


def of_explanation(found: Explanation, lang: Lang) -> Reply:
    """What counts, and what does not, piece by piece; in words for a person."""
    heads = EXPLAINED[lang]
    counting = [
        (str(one.statement), one.event, one.provider, one.starts, one.ends, one.level, one.raw,
         one.counted, one.applied, None)
        for one in found.counts
    ]  # fmt: skip
    idle = [
        (str(one.statement), one.event, None, one.on, None, None, None, None, 0,
         wording.REASONS[lang][one.reason])
        for one in found.counts_not
    ]  # fmt: skip
    sheet = Sheet(f"{naming.code_of(found.competency)} {found.day}", heads, [*counting, *idle])
    document = asdict(found) | {"asserted": found.asserted and structs.asdict(found.asserted)}
    for one in document["counts_not"]:
        one["rule"] = wording.RULES[one["reason"]]
    return Reply(document, sheet, Text(wording.text(found, lang)))
