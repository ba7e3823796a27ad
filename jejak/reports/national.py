"""Counts across agencies, as they were published: rounded, small ones hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from jejak.reports import Reply, picture
from jejak.sheets import Sheet
from jejak.views import Lang
from jejak_lrs.answers.daily import Figure
from jejak_lrs.competency.national import categories

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Angka nasional, akhir bulan {day}", "subject": "Perihal", "agency": "Instansi",
        "unit": "Unit", "nation": "(nasional)", "category": "Golongan", "people": "Orang",
        "note": "Dibulatkan; baris kosong disembunyikan agar tidak seorang pun dapat dikenali.",
    },
    "en": {
        "title": "National figures, month's end {day}", "subject": "Subject", "agency": "Agency",
        "unit": "Unit", "nation": "(nation)", "category": "Category", "people": "People",
        "note": "Rounded; empty rows are hidden so that nobody can be found in them.",
    },
}  # fmt: skip


def of_figures(found: Sequence[Figure], lang: Lang) -> Reply:
    """Every count of every row."""
    words = WORDS[lang]
    heads = ("subject", "agency", "unit", "category", "people")
    rows = [
        (one.subject, one.agency or words["nation"], one.unit, category,
         one.counts[category] if one.counts else None)
        for one in found
        for category in categories(one.subject)
    ]  # fmt: skip
    title = words["title"].format(day=found[0].month_end if found else "")
    sheet = Sheet(title, [words[head] for head in heads], rows)
    return Reply([asdict(one) for one in found], sheet, picture(sheet, words["note"]))
