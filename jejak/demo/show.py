"""The findings as tables and pictures on a terminal, in Indonesian or English."""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from jejak import naming, views
from jejak.demo.findings import Findings
from jejak.pictures import Picture
from jejak.reports import fragments, gaps, plans
from jejak.views import Lang
from jejak_lrs.competency import wording
from jejak_schemas import reasons
from jejak_schemas.outgoing import (
    CertificateChanged,
    Change,
    LearningHoursChanged,
    LevelChanged,
    ProgrammeChanged,
)

SHOWN: Final = 12  # changes of the agency
_BAR: Final = 10  # columns: beside the longest code and its counts, 80 in all
FRAGMENTED: Final = 4  # competencies, the most fragmented
OUTCOMES: Final = ("recorded", "duplicate", "conflict", "refused")

WORDS: Final[Mapping[Lang, Mapping[str, str]]] = {
    "id": {
        "told": "1  Apa yang diberitahukan kepada setiap pihak",
        "person": "2  Profil satu orang, dan alasannya",
        "agency": "3  Apa yang diterima instansi {code}, dicocokkan dengan daftarnya sendiri",
        "gaps": "4  Kesenjangan di instansi {code}",
        "complaints": "5  Tiga keluhan yang melatari sistem ini, dan jawabannya",
        "refused": "6  Satu peristiwa yang ditolak, dan alasannya",
        "proof": "7  Putar ulang dan pembukuan",
        "nation": "Data nasional terpadu, akhir bulan {day}: {published} baris terbit, {hidden} "
        "disembunyikan karena kecil atau agar yang kecil tidak terhitung; nasional {people} orang",
        "party": "Pihak", "recorded": "tercatat", "duplicate": "ganda", "conflict": "bertentangan",
        "refused-n": "ditolak", "who": "Orang", "what": "Perubahan", "before": "sebelum",
        "after": "sesudah", "because": "karena posisi", "seq": "urutan",
        "received": "{changes} perubahan; {matched} orang cocok, {elsewhere} sudah pindah, "
        "{unknown} tidak dikenal",
        "replay-equal": "putar ulang {people} orang sampai posisi {position}: sama dengan "
        "yang tersimpan",
        "replay-differs": "putar ulang: {differing} dari {people} orang BERBEDA",
        "balanced": "pembukuan seimbang: {delivered} pesan, {recorded} tercatat, "
        "{duplicates} ganda, {conflicts} bertentangan, {refused} ditolak",
        "unbalanced": "pembukuan TIDAK seimbang",
        "planned": "hasilnya tepat seperti yang direncanakan pengirim",
        "unplanned": "hasilnya LAIN dari yang direncanakan pengirim",
        "programmes": "tamat: {programmes}",
        "time": "{seconds:.1f} detik, dari nol",
        "mend": "Perbaikan",
    },
    "en": {
        "told": "1  What each party was told",
        "person": "2  One person's profile, and why",
        "agency": "3  What agency {code} received, joined to its own roster",
        "gaps": "4  The gaps of agency {code}",
        "complaints": "5  The three complaints behind this system, and what answers them",
        "refused": "6  One refused event, and why",
        "proof": "7  Replay and books",
        "nation": "Integrated national data, month's end {day}: {published} rows published, "
        "{hidden} hidden for being small, or to hide small ones; the nation {people} people",
        "party": "Party", "recorded": "recorded", "duplicate": "duplicate", "conflict": "conflict",
        "refused-n": "refused", "who": "Person", "what": "Change", "before": "before",
        "after": "after", "because": "because of position", "seq": "seq",
        "received": "{changes} changes; {matched} people matched, {elsewhere} have moved, "
        "{unknown} unknown",
        "replay-equal": "replay of {people} people to position {position}: equal to what is stored",
        "replay-differs": "replay: {differing} of {people} people DIFFER",
        "balanced": "the books balance: {delivered} messages, {recorded} recorded, {duplicates} "
        "duplicates, {conflicts} conflicts, {refused} refused",
        "unbalanced": "the books do NOT balance",
        "planned": "exactly what the senders had planned",
        "unplanned": "NOT what the senders had planned",
        "programmes": "completed: {programmes}",
        "time": "{seconds:.1f} seconds, from nothing",
        "mend": "To mend it",
    },
}  # fmt: skip


def pictures(found: Findings, lang: Lang) -> Iterator[RenderableType]:
    """All of it, one picture after the other."""
    words = WORDS[lang]
    code = found.agency.code
    for title, body in (
        (words["told"], _told(found, lang)),
        (words["person"], _person(found, lang)),
        (words["agency"].format(code=code), _agency(found, lang)),
        (words["gaps"].format(code=code), _gaps(found, lang)),
        (words["complaints"], _complaints(found, lang)),
        (words["refused"], _refused(found, lang)),
        (words["proof"], _proof(found, lang)),
    ):
        yield Group("", Rule(Text(title, style="bold"), align="left"))
        yield body


def _told(found: Findings, lang: Lang) -> Table:
    words = WORDS[lang]
    heads = (words["recorded"], words["duplicate"], words["conflict"], words["refused-n"])
    table = Picture(words["party"], *heads, "")
    most = max((counts.total() for counts in found.told.outcomes.values()), default=1)
    for party, counts in sorted(found.told.outcomes.items(), key=lambda one: -one[1].total()):
        cells = (str(counts[outcome] or "") for outcome in OUTCOMES)
        table.add_row(party, *cells, views.bar(counts.total(), most, _BAR))
    return table


def _person(found: Findings, lang: Lang) -> RenderableType:
    names = naming.names_of(found.registry, lang)
    view = views.profile_view(found.person, found.day, names, lang)
    return Group(view, Panel(wording.text(found.why, lang), expand=False))


def _agency(found: Findings, lang: Lang) -> RenderableType:
    words = WORDS[lang]
    agency = found.agency
    names = naming.names_of(found.registry, lang)
    table = Picture(
        words["seq"], words["who"], words["what"], words["before"], words["after"],
        words["because"],
    )  # fmt: skip
    own = [one for one in agency.changes if one.person_id == found.person.person_id]
    for change in (own or list(agency.changes))[-SHOWN:]:
        who = agency.names.get(change.person_id, str(change.person_id)[:8])
        because = str(change.because.position) if change.because else ""
        what, before, after = _said(change, names)
        table.add_row(str(change.seq), who, what, before, after, because)
    line = words["received"].format(
        changes=len(agency.changes),
        matched=agency.found.count("matched"),
        elsewhere=agency.found.count("elsewhere"),
        unknown=agency.found.count("unknown"),
    )
    return Group(Text(line), table)


def _said(change: Change, names: views.NameOf) -> tuple[str, str, str]:
    """What changed, before and after."""
    match change:
        case LevelChanged():
            what = f"{names(change.competency)} ({change.standing})"
            return what, _text(change.before), _text(change.after)
        case LearningHoursChanged():
            return f"JP {change.starts_on:%Y}", views.jp(change.before), views.jp(change.after)
        case CertificateChanged():
            return change.certificate, _text(change.before), change.after
        case ProgrammeChanged():
            return change.programme, _text(change.before), _text(change.after)
        case _:
            before, after = getattr(change, "before", None), getattr(change, "after", None)
            return type(change).__name__, _text(before), _text(after)


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _gaps(found: Findings, lang: Lang) -> RenderableType:
    rules = found.registry.rules_on(found.day)
    names = naming.names_of(found.registry, lang)
    return gaps.of_agency(found.agency.gaps, names, lang, rules).view


def _complaints(found: Findings, lang: Lang) -> RenderableType:
    """Training that is fragmented, competency without a plan, data that is nowhere together."""
    nation, names = found.complaints, naming.names_of(found.registry, lang)
    worst = nation.fragments[:FRAGMENTED]
    people = nation.figures["people"].rows
    whole = people.get(())
    line = WORDS[lang]["nation"].format(
        day=nation.month_end,
        published=sum(counts is not None for counts in people.values()),
        hidden=sum(counts is None for counts in people.values()),
        people=whole[0] if whole else "-",
    )
    return Group(
        fragments.of_nation(str(found.day), worst, names, lang).view,
        plans.of_agency(found.agency.code, found.day, nation.demands, names, lang).view,
        Text(line),
    )


def _refused(found: Findings, lang: Lang) -> RenderableType:
    if found.refused is None:
        return Text("-")
    receipt, delivery = found.refused.receipt, found.refused.delivery
    meaning = reasons.REASONS[receipt.reason or "internal"]
    table = Table.grid(padding=(0, 2))
    table.add_row(WORDS[lang]["party"], delivery.party)
    table.add_row("offset", f"{receipt.topic}/{receipt.partition}:{receipt.offset}")
    table.add_row("reason", f"{receipt.reason} ({receipt.field or '-'})")
    table.add_row("", meaning.text(lang))
    table.add_row(WORDS[lang]["mend"], meaning.mend(lang))
    return table


def _proof(found: Findings, lang: Lang) -> Group:
    return Group(*(Text.assemble(mark, " ", line) for mark, line in _lines(found, lang)))


def _lines(found: Findings, lang: Lang) -> Iterator[tuple[tuple[str, str], str]]:
    words = WORDS[lang]
    good, bad = ("✓", "bold green"), ("✗", "bold red")
    told, again = found.told, found.replay
    key = "replay-equal" if again.equal else "replay-differs"
    numbers = {"people": again.people, "position": again.position, "differing": again.differing}
    yield (good if again.equal else bad), words[key].format(**numbers)
    counts = {
        "delivered": told.delivered, "recorded": told.count("recorded"),
        "duplicates": told.count("duplicate"), "conflicts": told.count("conflict"),
        "refused": told.count("refused"),
    }  # fmt: skip
    books = words["balanced" if found.balanced else "unbalanced"].format(**counts)
    yield (good if found.balanced else bad), books
    yield (good if found.as_planned else bad), words["planned" if found.as_planned else "unplanned"]
    done = ", ".join(f"{programme} {count}" for programme, count in sorted(found.completed.items()))
    yield good, words["programmes"].format(programmes=done)
    yield good, words["time"].format(seconds=found.seconds)
