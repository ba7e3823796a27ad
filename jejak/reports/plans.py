"""Development plans against the supply of an agency's people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from jejak.reports import Reply, picture
from jejak.sheets import Sheet
from jejak.views import Lang, NameOf
from jejak_lrs.competency.plans import Demand

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Rencana dan ketersediaan: {agency}, {day}", "node": "Butir rencana",
        "competency": "Kompetensi", "level": "Tingkat", "needed": "Dibutuhkan",
        "asserted": "Dinyatakan", "expiring": "di antaranya segera berakhir",
        "indicated": "Ditunjukkan saja", "expired": "Sudah berakhir", "gap": "Kurang",
    },
    "en": {
        "title": "Plan and supply: {agency}, {day}", "node": "Plan node",
        "competency": "Competency", "level": "Level", "needed": "Needed",
        "asserted": "Asserted", "expiring": "of these expiring",
        "indicated": "Indicated only", "expired": "Expired", "gap": "Gap",
    },
}  # fmt: skip
_HEADS: Final = (
    "node", "competency", "level", "needed", "asserted", "expiring", "indicated", "expired", "gap",
)  # fmt: skip


def of_agency(agency: str, day: date, found: Sequence[Demand], names: NameOf, lang: Lang) -> Reply:
    """Node by node, need by need."""
    words = WORDS[lang]
    rows = [
        (_named(one, lang), names(one.competency), one.level, one.people, one.supply.asserted,
         one.supply.expiring, one.supply.indicated, one.supply.expired, one.gap)
        for one in found
    ]  # fmt: skip
    title = words["title"].format(agency=agency, day=day)
    sheet = Sheet(title, [words[head] for head in _HEADS], rows)
    document = {"agency": agency, "day": day, "needs": [_document(one) for one in found]}
    return Reply(document, sheet, picture(sheet))


def _named(one: Demand, lang: Lang) -> str:
    names = one.node.node.name
    return names.get(lang) or next(iter(names.values()), one.node.node.id)


def _document(one: Demand) -> dict[str, Any]:
    node = one.node
    return {
        "plan": node.plan,
        "version": node.version,
        "publisher": node.publisher,
        "node": node.node.id,
        "parent": node.node.parent,
        "competency": one.competency,
        "level": one.level,
        "needed": one.people,
        **asdict(one.supply),
        "gap": one.gap,
    }
