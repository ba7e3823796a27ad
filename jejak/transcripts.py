"""A person's record as a page to print: one HTML file that needs nothing from outside.

It names nobody: who is meant stands on it only as whoever asked for it said (`holder`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Final
from uuid import UUID

from jejak import naming, views
from jejak.views import Lang
from jejak_lrs.answers.individuals import Answer, Done
from jejak_lrs.competency.lookups import hours_on, levels_on, on, serving_on
from jejak_lrs.competency.profile import Profile
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.wording import LEVELS

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Transkrip pembelajaran", "holder": "Milik", "person": "Nomor orang",
        "post": "Jabatan", "as-of": "Keadaan pada akhir {day} (Asia/Jakarta)",
        "levels": "Kompetensi", "competency": "Kompetensi", "asserted": "Dinyatakan penilai",
        "by": "Oleh", "until": "Berlaku sampai", "indicated": "Ditunjukkan bukti",
        "hours": "Jam pelajaran (JP)", "on": "Tanggal", "activity": "Kegiatan",
        "provider": "Penyelenggara", "form": "Bentuk", "jp": "JP", "year": "Tahun",
        "certificates": "Sertifikat", "number": "Nomor", "programmes": "Program",
        "programme": "Program", "state": "Keadaan", "since": "Sejak", "none": "tidak ada",
        "not-assessed": "belum dinilai", "endless": "tanpa batas",
        "held": "Tingkat yang dinyatakan penilai terakreditasi adalah tingkat yang dimiliki; "
        "tingkat yang ditunjukkan bukti berdiri di sampingnya dan tidak menggantikannya.",
        "rests": "Disusun dari catatan sampai posisi {position}, menurut aturan {ruleset}. "
        "Sidik profil {digest}. Siapa pun yang memegang buku catatan dapat menyusunnya ulang: "
        "jejak replay --person {person} --compare.",
    },
    "en": {
        "title": "Learning transcript", "holder": "Holder", "person": "Person",
        "post": "Position", "as-of": "As of the end of {day} (Asia/Jakarta)",
        "levels": "Competencies", "competency": "Competency", "asserted": "Asserted by an assessor",
        "by": "By", "until": "Valid until", "indicated": "Indicated by evidence",
        "hours": "Learning hours (JP)", "on": "Date", "activity": "Activity",
        "provider": "Provider", "form": "Form", "jp": "JP", "year": "Year",
        "certificates": "Certificates", "number": "Number", "programmes": "Programmes",
        "programme": "Programme", "state": "State", "since": "Since", "none": "none",
        "not-assessed": "not assessed", "endless": "no end",
        "held": "The level that an accredited assessor asserts is the level held; what evidence "
        "indicates stands beside it and not in its place.",
        "rests": "Made from the records up to position {position}, by ruleset {ruleset}. Digest of "
        "the profile {digest}. Whoever holds the ledger can make it again: "
        "jejak replay --person {person} --compare.",
    },
}  # fmt: skip
_STYLE: Final = (
    "body{font:11pt/1.4 Georgia,serif;max-width:50em;margin:2em auto;color:#111}"
    "h1{font-size:1.5em;border-bottom:2px solid}h2{font-size:1.1em;margin-top:1.6em}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.2em .6em .2em 0;border-bottom:1px solid #ccc;"
    "vertical-align:top}tr{break-inside:avoid}footer{font-size:.8em;margin-top:2em;"
    "overflow-wrap:anywhere}@page{size:A4;margin:18mm}"
)
Rows = Iterable[Sequence[object]]


def page(
    found: Answer,
    done: Mapping[UUID, Done],
    registry: Registry,
    day: date,
    lang: Lang,
    holder: str = "",
) -> str:
    """The whole page.

    Args:
        found: whose profile.
        done: what was done in each statement that was credited.
        registry: for names and the ruleset's version.
        day: its end is what the page shows.
        lang: of the page.
        holder: whose it is, as whoever asked for it says.
    """
    words = WORDS[lang]
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{lang}"><head><meta charset="utf-8"><title>{words["title"]}</title>',
            f"<style>{_STYLE}</style></head><body>",
            *_head(found, day, words, holder),
            *_levels(found.profile, registry, day, lang),
            *_hours(found.profile, done, day, lang),
            *_certificates(found.profile, day, words),
            *_programmes(found.profile, day, words),
            _foot(found, registry, day, words),
            "</body></html>\n",
        )
    )


def _head(found: Answer, day: date, words: Mapping[str, str], holder: str) -> Iterator[str]:
    serving = serving_on(found.profile, day)
    post = f"{serving.position or serving.position_class}, {serving.working}" if serving else ""
    lines = {words["holder"]: holder, words["person"]: found.person_id, words["post"]: post}
    yield f"<h1>{words['title']}</h1>"
    yield f"<p>{words['as-of'].format(day=day)}</p>"
    shown = "<br>".join(f"{name}: {escape(str(said))}" for name, said in lines.items() if said)
    yield f"<p>{shown}</p>"


def _levels(profile: Profile, registry: Registry, day: date, lang: Lang) -> Iterator[str]:
    words, names = WORDS[lang], naming.names_of(registry, lang)
    rows = []
    for standing in profile.competencies:
        levels = levels_on(profile, day).get(standing.competency)
        if levels is None:
            continue
        held = on(standing.asserted, day)
        rows.append(
            (
                names(standing.competency),
                _level(held.level, lang) if held else words["not-assessed"],
                held.by if held else "",
                _until(held.ends, words) if held else "",
                _level(levels.indicated, lang) if levels.indicated else "",
            )
        )
    heads = ("competency", "asserted", "by", "until", "indicated")
    yield from _table(words["levels"], [words[head] for head in heads], rows, words)
    yield f"<p>{words['held']}</p>"


def _hours(profile: Profile, done: Mapping[UUID, Done], day: date, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    credits_ = [one for one in profile.hours.credits if one.on <= day]
    rows = []
    for one in sorted(credits_, key=lambda one: (one.on, one.statement)):
        what = done.get(one.statement)
        name = what.names.get(lang) or next(iter(what.names.values()), "") if what else ""
        rows.append((one.on, name, what.provider if what else "", one.form, views.jp(one.jp)))
    heads = ("on", "activity", "provider", "form", "jp")
    yield from _table(words["hours"], [words[head] for head in heads], rows, words)
    years = [
        (_span(year.starts, year.ends), views.jp(credited))
        for year, credited in hours_on(profile, day)
    ]
    yield from _table("", [words["year"], words["jp"]], years, words)


def _certificates(profile: Profile, day: date, words: Mapping[str, str]) -> Iterator[str]:
    rows = [
        (one.number, one.provider, one.starts, _until(one.ends, words))
        for one in profile.certificates
        if one.starts <= day
    ]
    heads = ("number", "provider", "on", "until")
    yield from _table(words["certificates"], [words[head] for head in heads], rows, words)


def _programmes(profile: Profile, day: date, words: Mapping[str, str]) -> Iterator[str]:
    rows = [
        (f"{one.programme} {one.cohort or ''}", state.state, state.starts)
        for one in profile.programmes
        for state in one.states
        if state.starts <= day
    ]
    heads = ("programme", "state", "since")
    yield from _table(words["programmes"], [words[head] for head in heads], rows, words)


def _foot(found: Answer, registry: Registry, day: date, words: Mapping[str, str]) -> str:
    rules = registry.rules_on(day)
    said = words["rests"].format(
        position=found.position,
        ruleset=rules.version if rules else "-",
        digest=found.digest,
        person=found.person_id,
    )
    return f"<footer>{escape(said)}</footer>"


def _table(title: str, heads: Sequence[str], rows: Rows, words: Mapping[str, str]) -> Iterator[str]:
    body = [
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    ]
    if title:
        yield f"<h2>{title}</h2>"
    if not body:
        yield f"<p>{words['none']}</p>"
        return
    yield "<table><tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"
    yield from body
    yield "</table>"


def _level(level: int, lang: Lang) -> str:
    return f"{level} ({LEVELS[lang][level]})"


def _until(ends: date | None, words: Mapping[str, str]) -> str:
    return str(ends - timedelta(days=1)) if ends else words["endless"]


def _span(starts: date, ends: date | None) -> str:
    whole = ends is None or (starts.month, starts.day) == (1, 1)
    return str(starts.year) if whole else f"{starts} .. {_until(ends, {})}"
