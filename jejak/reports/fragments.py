"""Who teaches the same thing, and how learners fare where."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group

from jejak import views
from jejak.reports import Reply, in_percent, picture
from jejak.sheets import Sheet
from jejak.views import Lang, NameOf
from jejak_lrs.competency.fragmentation import Fragments

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Keterpecahan pelatihan pada {day}", "competency": "Kompetensi",
        "providers": "Penyelenggara", "agencies": "Instansi", "series": "Seri",
        "lowest": "Kelulusan terendah %", "highest": "Kelulusan tertinggi %",
        "spread": "Selisih", "alike": "Serupa", "pairs": "Pelatihan yang serupa",
        "level": "Tingkat", "one": "Seri", "other": "Serupa dengan", "share": "Kata bersama",
    },
    "en": {
        "title": "Fragmentation of training on {day}", "competency": "Competency",
        "providers": "Providers", "agencies": "Agencies", "series": "Series",
        "lowest": "Lowest pass rate %", "highest": "Highest pass rate %", "spread": "Spread",
        "alike": "Alike", "pairs": "Courses that look alike", "level": "Level", "one": "Series",
        "other": "Looks like", "share": "Shared words",
    },
}  # fmt: skip
_HEADS: Final = (
    "competency", "providers", "agencies", "series", "lowest", "highest", "spread", "alike",
)  # fmt: skip


def of_nation(day: str, found: Sequence[Fragments], names: NameOf, lang: Lang) -> Reply:
    """Competency by competency; for a person also the pairs that look alike."""
    words = WORDS[lang]
    rows = [
        (names(one.competency), len(one.providers), one.agencies, len(one.series),
         *_rates(one), in_percent(one.spread), len(one.alike))
        for one in found
    ]  # fmt: skip
    title = words["title"].format(day=day)
    sheet = Sheet(title, [words[head] for head in _HEADS], rows)
    pairs = Sheet(
        words["pairs"],
        [words[head] for head in ("competency", "level", "one", "other", "share")],
        [
            (names(one.competency), pair.one.level, _called(pair.one.names, pair.one.provider),
             _called(pair.other.names, pair.other.provider), views.percent(pair.share))
            for one in found
            for pair in one.alike
        ],
    )  # fmt: skip
    view = Group(picture(sheet), *([picture(pairs)] if pairs.rows else []))
    return Reply([_document(one) for one in found], sheet, view)


def _rates(one: Fragments) -> tuple[float | None, float | None]:
    if not one.rates:
        return None, None
    return in_percent(one.rates[0][1]), in_percent(one.rates[-1][1])


def _called(names: Sequence[str], provider: str) -> str:
    return f"{names[0] if names else '?'} ({provider})"


def _document(one: Fragments) -> dict[str, Any]:
    return {
        **asdict(one),
        "rates": [{"provider": provider, "pass_rate": rate} for provider, rate in one.rates],
        "spread": one.spread,
    }
