"""The page of a bundle for people: what it holds, what it shows, how to check it. Printable."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LANGUAGES: Final = ("id", "en")
_MOST: Final = 12  # rows of a table; the page is one

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Evidence bundle",
        "lead": "{records} records of the learning-record ledger, exactly as they were stored, "
        "each with a proof that it stands in the public log.",
        "selection": "What was chosen",
        "records": "Records chosen",
        "context": "Records beside them: the rules in force, and seals of persons' numbers",
        "erased": "Of all these erased by order: only position, sender, time and seal are left",
        "positions": "Positions",
        "stored": "Stored",
        "log": "Log",
        "size": "Size of the log then",
        "root": "Its root",
        "keys": "Signed by (compare this key with the one you have from elsewhere)",
        "rules": "Rules in force",
        "frameworks": "Competency frameworks",
        "types": "Types of event",
        "parties": "Sent by",
        "count": "records",
        "more": "and {count} more",
        "check": "How to check it",
        "how": "On any machine with Python 3.8 or later, without a network: take verify_bundle.py "
        "out of the archive (or a copy that you trust) and run",
        "shows": "It shows that no record was altered, added or moved since the log was signed. "
        "It cannot show that nothing was left out of a selection, unless the selection is by "
        "positions only; ask for the positions between, then.",
        "page": "This page is not signed. The SHA-256 of the bundle, which its maker can tell you, "
        "covers all of it.",
        "from_position": "From position", "to_position": "To position", "since": "Happened since",
        "until": "Happened before", "people": "Persons", "parties-chosen": "Parties",
        "agencies": "Agencies", "types-chosen": "Types of event", "competencies": "Competencies",
    },
    "id": {
        "title": "Berkas bukti",
        "lead": "{records} catatan dari buku besar pembelajaran, persis seperti tersimpan, "
        "masing-masing dengan bukti bahwa catatan itu ada di log publik.",
        "selection": "Yang dipilih",
        "records": "Catatan yang dipilih",
        "context": "Catatan pendamping: aturan yang berlaku, dan segel nomor orang",
        "erased": "Di antaranya dihapus atas perintah: tersisa posisi, pengirim, waktu, dan segel",
        "positions": "Posisi",
        "stored": "Disimpan",
        "log": "Log",
        "size": "Ukuran log saat itu",
        "root": "Akarnya",
        "keys": "Ditandatangani oleh (cocokkan dengan kunci yang Anda punya dari tempat lain)",
        "rules": "Aturan yang berlaku",
        "frameworks": "Kamus kompetensi",
        "types": "Jenis peristiwa",
        "parties": "Dikirim oleh",
        "count": "catatan",
        "more": "dan {count} lagi",
        "check": "Cara memeriksanya",
        "how": "Di komputer mana pun dengan Python 3.8 atau lebih baru, tanpa jaringan: ambil "
        "verify_bundle.py dari arsip ini (atau salinan yang Anda percayai), lalu jalankan",
        "shows": "Ini menunjukkan bahwa tidak ada catatan yang diubah, ditambah, atau dipindahkan "
        "sejak log ditandatangani. Ini tidak dapat menunjukkan bahwa tidak ada yang tertinggal "
        "dari suatu pilihan, kecuali yang dipilih menurut posisi saja; mintalah posisi di "
        "antaranya.",
        "page": "Halaman ini tidak ditandatangani. SHA-256 berkas ini, yang dapat disebutkan oleh "
        "pembuatnya, mencakup semuanya.",
        "from_position": "Dari posisi", "to_position": "Sampai posisi", "since": "Terjadi sejak",
        "until": "Terjadi sebelum", "people": "Orang", "parties-chosen": "Pihak",
        "agencies": "Instansi", "types-chosen": "Jenis peristiwa", "competencies": "Kompetensi",
    },
}  # fmt: skip

_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 16mm }}
body {{ font: 10.5pt/1.4 "Noto Sans", "Segoe UI", sans-serif; max-width: 178mm; margin: 1em auto }}
h1 {{ font-size: 17pt; margin: 0 0 .2em }}
h2 {{ font-size: 11.5pt; margin: 1.1em 0 .3em; border-bottom: .6pt solid #888 }}
table {{ border-collapse: collapse; width: 100% }}
th {{ text-align: left; font-weight: normal; color: #444; width: 40%; vertical-align: top }}
th, td {{ padding: .12em .5em .12em 0; overflow-wrap: anywhere }}
td.n {{ text-align: right; width: 6em }}
.two {{ display: flex; gap: 2em }} .two > div {{ flex: 1 }}
code, pre {{ font: 9.5pt "Noto Sans Mono", Consolas, monospace; overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
<p>{lead}</p>
<h2>{selection}</h2>
{asked}
<h2>{log}</h2>
{facts}
<div class="two"><div><h2>{types}</h2>{by_type}</div><div><h2>{parties}</h2>{by_party}</div></div>
<h2>{check}</h2>
<p>{how}</p>
<pre>python3 verify_bundle.py bundle.zip --key '{key}'</pre>
<p>{shows}</p>
<p>{page}</p>
</html>
"""


def page(manifest: Mapping[str, Any], keys: Sequence[str], lang: str) -> str:
    """The whole page, in a language of `LANGUAGES`."""
    words = _WORDS[lang]
    return _PAGE.format(
        **{name: escape(words[name]) for name in _TEXTS},
        lang=lang,
        lead=escape(words["lead"].format(records=manifest["records"])),
        asked=_pairs(_asked(manifest["selection"], words)),
        facts=_pairs(_facts(manifest, keys, words)),
        by_type=_counts(manifest["types"], words),
        by_party=_counts(manifest["parties"], words),
        key=escape(keys[0] if keys else "VKEY"),
    )


_TEXTS: Final = (
    "title", "selection", "log", "types", "parties", "check", "how", "shows", "page",
)  # fmt: skip


def _asked(selection: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in selection.items():
        spoken = words.get(f"{name}-chosen") or words[name]
        yield spoken, ", ".join(value) if isinstance(value, list) else str(value)


def _facts(
    manifest: Mapping[str, Any], keys: Sequence[str], words: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    yield words["log"], manifest["origin"]
    yield words["size"], str(manifest["size"])
    yield words["root"], manifest["root"]
    yield words["keys"], " ".join(keys)
    yield words["records"], str(manifest["records"])
    yield words["context"], str(manifest["context"])
    yield words["erased"], str(manifest["erased"])
    if manifest["records"]:
        yield words["positions"], f"{manifest['first_position']} – {manifest['last_position']}"  # noqa: RUF001
        first, last = (f"{manifest[one]:%Y-%m-%d %H:%M:%S} UTC" for one in _STORED)
        yield words["stored"], f"{first} – {last}"  # noqa: RUF001
    yield words["rules"], _few([one["version"] for one in manifest["rulesets"]], words)
    named = [f"{one['framework']} {one['version']}" for one in manifest["frameworks"]]
    yield words["frameworks"], _few(named, words)


_STORED: Final = ("first_stored", "last_stored")


def _few(names: Sequence[str], words: Mapping[str, str]) -> str:
    more = len(names) - _MOST
    told = [*names[:_MOST], words["more"].format(count=more)] if more > 0 else list(names)
    return ", ".join(told) or "-"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = (f"<tr><th>{escape(name)}<td>{escape(value)}" for name, value in pairs)
    return "<table>" + "\n".join(rows) + "</table>"


def _counts(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rows = [f'<tr><td>{escape(name)}<td class="n">{count}' for name, count in most[:_MOST]]
    if most[_MOST:]:
        rest = sum(count for _, count in most[_MOST:])
        more = escape(words["more"].format(count=len(most) - _MOST))
        rows.append(f'<tr><td>{more}<td class="n">{rest}')
    return "<table>" + "\n".join(rows) + "</table>"
