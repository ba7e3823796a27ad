"""An explanation in words, Indonesian or English, for an HR officer to read aloud."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, Literal

from jejak_lrs.competency.explain import Counts, Explanation

Lang = Literal["id", "en"]

LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("", "paham", "dasar", "menengah", "mumpuni", "ahli"),
    "en": ("", "understands", "basic", "intermediate", "advanced", "expert"),
}
REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "voided": "pernyataannya ditarik",
        "suspended": "lembaganya ditangguhkan pada hari itu",
        "no-ruleset": "belum ada aturan yang berlaku pada hari itu",
        "unknown-class": "kelas bukti ini tidak dikenal aturan yang berlaku",
        "outside-accreditation": "penyelenggara tidak terakreditasi untuk ini pada hari itu",
        "no-series": "tidak menyebut penawaran yang diterbitkan",
        "not-aligned": "serinya tidak diselaraskan dan disahkan untuk kompetensi ini",
        "competency-unknown": "kompetensinya tidak ada dalam kamus mana pun",
        "position-unknown": "jabatan orang ini pada hari itu tidak diketahui",
        "assessor-not-accredited": "penilai tidak terakreditasi untuk jenis dan jenjang ini",
        "failure-without-level": "kegagalan tanpa kompetensi dan tingkat tidak berakibat",
        "not-verified": "belum diverifikasi instansi orang ini",
        "closed-by-failure": "ditutup oleh kegagalan sesudahnya",
        "ended": "masa berlakunya sudah berakhir",
        "too-old": "sudah terlalu lama",
        "level-too-low": "tingkatnya di bawah tingkat ini",
        "weaker-of-its-source": "ada bukti lebih kuat dari sumber yang sama",
        "provider-cap-reached": "batas satu penyelenggara sudah tercapai",
    },
    "en": {
        "voided": "its statement was withdrawn",
        "suspended": "its institution was suspended on that day",
        "no-ruleset": "no rules were in force on that day",
        "unknown-class": "the rules in force do not know this class of evidence",
        "outside-accreditation": "the provider was not accredited for this on that day",
        "no-series": "it names no published offering",
        "not-aligned": "its series is not aligned, and countersigned, to this competency",
        "competency-unknown": "the competency is in no framework",
        "position-unknown": "the person's position on that day is unknown",
        "assessor-not-accredited": "the assessor was not accredited for this kind and level",
        "failure-without-level": "a failure without competency and level has no effect",
        "not-verified": "the person's agency has not verified it",
        "closed-by-failure": "closed by a later failure",
        "ended": "its validity has ended",
        "too-old": "it is too old",
        "level-too-low": "its level is below this level",
        "weaker-of-its-source": "there is stronger evidence of the same source",
        "provider-cap-reached": "the cap of one provider is reached",
    },
}
# The rule of docs/competency.md that each is by.
RULES: Final[Mapping[str, str]] = {
    "voided": "10",
    "suspended": "10",
    "no-ruleset": "11",
    "unknown-class": "1",
    "outside-accreditation": "1",
    "no-series": "0",
    "not-aligned": "1",
    "competency-unknown": "12",
    "position-unknown": "6",
    "assessor-not-accredited": "6",
    "failure-without-level": "8",
    "not-verified": "0",
    "closed-by-failure": "8",
    "ended": "3",
    "too-old": "3",
    "level-too-low": "4",
    "weaker-of-its-source": "4",
    "provider-cap-reached": "4",
}
CLASSES: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "attendance": "kehadiran",
        "completion": "penyelesaian",
        "project": "proyek",
        "test": "tes",
        "certificate": "sertifikat",
        "assessment-centre": "pusat asesmen",
    },
    "en": {
        "attendance": "attendance",
        "completion": "completion",
        "project": "project",
        "test": "test",
        "certificate": "certificate",
        "assessment-centre": "assessment centre",
    },
}
_SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "{name} pada {day}",
        "asserted": "Tingkat yang dinyatakan penilai: {level}, oleh {by}, {span} (aturan 6).",
        "not-assessed": "Belum dinilai: tidak ada tingkat yang dinyatakan penilai terakreditasi.",
        "disputed": "Disengketakan: dua lembaga menyatakan tingkat yang berjauhan (aturan 9).",
        "indicated": "Tingkat yang ditunjukkan bukti: {level}; jumlah {reached} dari "
        "{threshold} (aturan 4).",
        "none": "Bukti belum menunjukkan tingkat apa pun.",
        "missing": "Untuk tingkat {level}: jumlah {reached} dari {threshold}{gate}.",
        "gate": ", dan syarat dua sumber berbeda dengan tes atau asesmen belum dipenuhi (aturan 5)",
        "counts": "Yang dihitung (aturan 1 sampai 4):",
        "piece": "- {event} ({kind}) oleh {provider}, tingkat {level}, {span}: kekuatan {raw}, "
        "dihitung {counted}{cap}. [{statement}]",
        "cap": ", dibatasi menjadi {applied}",
        "counts-not": "Yang tidak dihitung:",
        "not": "- {event} tanggal {day}: {reason} (aturan {rule}). [{statement}]",
        "rules": "Aturan {ruleset}; kamus {framework}; sidik masukan {inputs}.",
        "from": "berlaku sejak {start}",
        "span": "berlaku {start} sampai dengan {last}",
        "no": "tidak ada",
    },
    "en": {
        "title": "{name} on {day}",
        "asserted": "Level asserted by an assessor: {level}, by {by}, {span} (rule 6).",
        "not-assessed": "Not assessed: no accredited assessor has asserted a level.",
        "disputed": "Disputed: two bodies asserted levels far apart (rule 9).",
        "indicated": "Level indicated by evidence: {level}; sum {reached} of {threshold} (rule 4).",
        "none": "The evidence indicates no level yet.",
        "missing": "For level {level}: sum {reached} of {threshold}{gate}.",
        "gate": ", and two differing sources with a test or assessment are still wanting (rule 5)",
        "counts": "What counts (rules 1 to 4):",
        "piece": "- {event} ({kind}) by {provider}, level {level}, {span}: strength {raw}, "
        "counted {counted}{cap}. [{statement}]",
        "cap": ", capped to {applied}",
        "counts-not": "What does not count:",
        "not": "- {event} of {day}: {reason} (rule {rule}). [{statement}]",
        "rules": "Rules {ruleset}; framework {framework}; hash of inputs {inputs}.",
        "from": "in force from {start}",
        "span": "in force {start} to {last}",
        "no": "none",
    },
}


def text(of: Explanation, lang: Lang = "id") -> str:
    """The explanation, a line a thought."""
    return "\n".join(_lines(of, lang))


def name_of(of: Explanation, lang: Lang) -> str:
    """The competency's name in a language, else in any, else its IRI."""
    names = dict(of.names)
    return names.get(lang) or next(iter(names.values()), of.competency)


def _lines(of: Explanation, lang: Lang) -> Iterator[str]:
    said = _SAID[lang]
    yield said["title"].format(name=name_of(of, lang), day=of.day)
    yield from _levels(of, lang)
    if of.counts:
        yield said["counts"]
        yield from (_piece(one, lang) for one in of.counts)
    if of.counts_not:
        yield said["counts-not"]
    for one in of.counts_not:
        reason = REASONS[lang][one.reason]
        yield said["not"].format(
            event=one.event, day=one.on, reason=reason, rule=RULES[one.reason],
            statement=one.statement,
        )  # fmt: skip
    framework = " ".join(of.framework) if of.framework else said["no"]
    yield said["rules"].format(
        ruleset=of.ruleset or said["no"], framework=framework, inputs=of.inputs
    )


def _levels(of: Explanation, lang: Lang) -> Iterator[str]:
    said = _SAID[lang]
    if of.asserted is None:
        yield said["not-assessed"]
    else:
        one = of.asserted
        span = _span(one.starts, one.ends, lang)
        yield said["asserted"].format(level=_level(one.level, lang), by=one.by, span=span)
    if of.disputed:
        yield said["disputed"]
    if of.reached is None:
        yield said["none"]
    else:
        yield said["indicated"].format(
            level=_level(of.reached.level, lang),
            reached=of.reached.reached,
            threshold=of.reached.threshold,
        )
    if of.missing is not None:
        yield said["missing"].format(
            level=_level(of.missing.level, lang),
            reached=of.missing.reached,
            threshold=of.missing.threshold,
            gate="" if of.missing.gate else said["gate"],
        )


def _piece(one: Counts, lang: Lang) -> str:
    said = _SAID[lang]
    return said["piece"].format(
        event=one.event,
        kind=CLASSES[lang].get(one.evidence_class, one.evidence_class),
        provider=one.provider,
        level=one.level,
        span=_span(one.starts, one.ends, lang),
        raw=one.raw,
        counted=one.counted,
        cap=said["cap"].format(applied=one.applied) if one.capped else "",
        statement=one.statement,
    )


def _level(level: int, lang: Lang) -> str:
    return f"{level} ({LEVELS[lang][level]})"


def _span(start: date, end: date | None, lang: Lang) -> str:
    if end is None:
        return _SAID[lang]["from"].format(start=start)
    return _SAID[lang]["span"].format(start=start, last=end - timedelta(days=1))
