"""The closed lists of reasons and warnings, with what they mean and how to mend them.

A receipt carries a code of these lists; the sentences are for people, and
docs/contract/reasons.md is made of them. A code, once released, keeps its meaning for ever.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code, explained in English and Indonesian, and what to do about it in both."""

    en: str
    id: str
    mend_en: str
    mend_id: str

    def text(self, lang: str) -> str:
        """The explanation in `lang`, "id" or "en"."""
        return self.id if lang == "id" else self.en

    def mend(self, lang: str) -> str:
        """What to do about it, in `lang`."""
        return self.mend_id if lang == "id" else self.mend_en


REASONS: Final[dict[str, Meaning]] = {
    "unreadable": Meaning(
        "The bytes are not an Avro message in a framing we know.",
        "Isi pesan bukan Avro dengan bingkai yang dikenal.",
        "Write single-object encoding: C3 01, the schema's fingerprint, the body.",
        "Tulis single-object encoding: C3 01, sidik skema, lalu isinya.",
    ),
    "unknown-schema": Meaning(
        "The schema's fingerprint is none of the released schemas.",
        "Sidik skema tidak termasuk skema yang telah dirilis.",
        "Use a released .avsc file unchanged.",
        "Pakai berkas .avsc yang dirilis, tanpa diubah.",
    ),
    "truncated": Meaning(
        "The body ends before the event does.",
        "Isi pesan terpotong sebelum peristiwanya selesai.",
        "Send the whole encoded event.",
        "Kirim peristiwa yang disandikan seutuhnya.",
    ),
    "trailing-bytes": Meaning(
        "Bytes are left over after the event.",
        "Masih ada bita tersisa setelah peristiwa.",
        "Send exactly one event in a message.",
        "Kirim tepat satu peristiwa dalam satu pesan.",
    ),
    "too-large": Meaning(
        "The message is over 64 KiB.",
        "Pesan lebih besar dari 64 KiB.",
        "Send less; documents belong elsewhere, with their SHA-256 in the event.",
        "Kirim lebih sedikit; dokumen disimpan di tempat lain, SHA-256-nya di peristiwa.",
    ),
    "too-deep": Meaning(
        "The content is nested deeper than 32 levels.",
        "Isi bersarang lebih dari 32 tingkat.",
        "Flatten the statement.",
        "Ratakan pernyataannya.",
    ),
    "invalid-utf8": Meaning(
        "A string is not valid UTF-8.",
        "Sebuah teks bukan UTF-8 yang sah.",
        "Encode every string as UTF-8.",
        "Sandikan setiap teks sebagai UTF-8.",
    ),
    "nul-character": Meaning(
        "A string holds the character U+0000.",
        "Sebuah teks memuat karakter U+0000.",
        "Remove it.",
        "Hapus karakter itu.",
    ),
    "missing": Meaning(
        "A required field is missing.",
        "Isian wajib tidak ada.",
        "Fill the field.",
        "Isi isian itu.",
    ),
    "wrong-type": Meaning(
        "A field has another type than the contract says.",
        "Jenis nilai tidak sesuai kontrak.",
        "Give the type that the reference names.",
        "Beri jenis nilai yang disebut dalam rujukan.",
    ),
    "out-of-range": Meaning(
        "A number or a date lies outside its range.",
        "Angka atau tanggal di luar batas.",
        "Give a value inside the range of the reference.",
        "Beri nilai di dalam batas yang disebut dalam rujukan.",
    ),
    "too-long": Meaning(
        "A text or a list is longer than allowed.",
        "Teks atau daftar terlalu panjang.",
        "Shorten it.",
        "Pendekkan.",
    ),
    "bad-format": Meaning(
        "A text does not have the form the contract asks for.",
        "Bentuk teks tidak sesuai kontrak.",
        "Follow the form in the reference: an IRI, a code, a language tag, a UUIDv7.",
        "Ikuti bentuk dalam rujukan: IRI, kode, tanda bahasa, UUIDv7.",
    ),
    "unknown-code": Meaning(
        "A code is not on its list.",
        "Kode tidak ada dalam daftarnya.",
        "Use a code of the list in the reference.",
        "Pakai kode dari daftar dalam rujukan.",
    ),
    "unknown-field": Meaning(
        "There is no field of that name.",
        "Tidak ada isian dengan nama itu.",
        "Remove or rename the field.",
        "Hapus atau ganti nama isian itu.",
    ),
    "impossible": Meaning(
        "The fields contradict one another.",
        "Isian saling bertentangan.",
        "Correct the one that is wrong.",
        "Perbaiki isian yang salah.",
    ),
    "not-xapi": Meaning(
        "The statement is not valid xAPI 2.0.",
        "Pernyataan bukan xAPI 2.0 yang sah.",
        "Check it with an xAPI validator; the receipt's detail names the rule.",
        "Periksa dengan pemeriksa xAPI; rincian tanda terima menyebut aturannya.",
    ),
    "person-reference": Meaning(
        "A person must be named by exactly one of nip, nrp, person_id.",
        "Orang harus disebut dengan tepat satu dari nip, nrp, person_id.",
        "Fill exactly one of the three.",
        "Isi tepat satu dari ketiganya.",
    ),
    "nip-impossible": Meaning(
        "The NIP is not 18 digits or begins with an impossible birth date.",
        "NIP bukan 18 angka atau tanggal lahirnya mustahil.",
        "Check the number with BKN's card.",
        "Periksa nomornya pada kartu BKN.",
    ),
    "person-unknown": Meaning(
        "No person has this person_id.",
        "Tidak ada orang dengan person_id ini.",
        "Use the NIP.",
        "Pakai NIP.",
    ),
    "personal-data-in-text": Meaning(
        "A text holds something shaped like a NIP.",
        "Sebuah teks memuat sesuatu yang berbentuk NIP.",
        "Name people only in person fields.",
        "Sebut orang hanya dalam isian orang.",
    ),
    "occurred-in-future": Meaning(
        "occurred_at is more than 24 hours ahead.",
        "occurred_at lebih dari 24 jam di masa depan.",
        "Check the sender's clock and time zone.",
        "Periksa jam dan zona waktu pengirim.",
    ),
    "wrong-party": Meaning(
        "The event names another party than the owner of the inbox.",
        "Pihak dalam peristiwa bukan pemilik kotak masuk.",
        "Set party to your own code; speak for others with on_behalf_of.",
        "Isi party dengan kode sendiri; mewakili pihak lain dengan on_behalf_of.",
    ),
    "on-behalf-not-granted": Meaning(
        "The party may not speak for that provider.",
        "Pihak ini tidak berwenang mewakili penyelenggara tersebut.",
        "LAN names technical senders in the provider's accreditation.",
        "LAN menyebut pengirim teknis dalam akreditasi penyelenggara.",
    ),
    "party-suspended": Meaning(
        "The party is suspended.",
        "Pihak ini sedang ditangguhkan.",
        "Ask the operator.",
        "Hubungi operator.",
    ),
    "role-not-allowed": Meaning(
        "None of the party's roles may say this.",
        "Peran pihak ini tidak boleh menyatakan hal ini.",
        "The reference lists the roles of each event.",
        "Rujukan menyebut peran untuk setiap peristiwa.",
    ),
    "system-only": Meaning(
        "Only the system itself makes this event.",
        "Peristiwa ini hanya dibuat oleh sistem.",
        "Do not send it.",
        "Jangan mengirimnya.",
    ),
    "header-mismatch": Meaning(
        "A header contradicts the body.",
        "Tajuk pesan bertentangan dengan isinya.",
        "Leave the header out, or make it equal.",
        "Hilangkan tajuk itu, atau samakan dengan isinya.",
    ),
    "key-mismatch": Meaning(
        "The message key is not the event's learner or subject.",
        "Kunci pesan bukan pembelajar atau pokok peristiwa.",
        "Use the reference of the learner, or the subject, as raw UTF-8.",
        "Pakai rujukan pembelajar, atau pokoknya, sebagai UTF-8 mentah.",
    ),
    "internal": Meaning(
        "We failed on this message; it is kept and will be looked at.",
        "Kami gagal mengolah pesan ini; pesan disimpan dan akan diperiksa.",
        "Nothing: the operator sees it and redrives it.",
        "Tidak perlu apa-apa: operator melihatnya dan mengolahnya ulang.",
    ),
}

WARNINGS: Final[dict[str, Meaning]] = {
    "person-unconfirmed": Meaning(
        "BKN has not registered this person yet.",
        "Orang ini belum terdaftar oleh BKN.",
        "Nothing, if the NIP is right; it counts from BKN's word on.",
        "Tidak perlu apa-apa bila NIP-nya benar; terhitung sejak kata BKN.",
    ),
    "target-unknown-yet": Meaning(
        "The statement referred to has not arrived yet.",
        "Pernyataan yang dirujuk belum tiba.",
        "Nothing, if it is still to come.",
        "Tidak perlu apa-apa bila masih akan tiba.",
    ),
    "outside-accreditation": Meaning(
        "The provider is not accredited for this on that day; it is kept but does not count.",
        "Penyelenggara tidak terakreditasi untuk ini pada hari itu; dicatat tetapi tidak dihitung.",
        "Ask LAN for the accreditation.",
        "Minta akreditasi kepada LAN.",
    ),
    "nip-pattern": Meaning(
        "Digits 13 to 15 of the NIP are unusual.",
        "Angka ke-13 sampai ke-15 NIP tidak lazim.",
        "Check the number.",
        "Periksa nomornya.",
    ),
    "alias-held-elsewhere": Meaning(
        "One of the numbers already belongs to another person and stays there.",
        "Salah satu nomor sudah milik orang lain dan tetap di sana.",
        "BKN merges the two persons if they are one.",
        "BKN menggabungkan kedua orang itu bila sama.",
    ),
    "late": Meaning(
        "The event happened long before it was reported.",
        "Peristiwa terjadi lama sebelum dilaporkan.",
        "Report sooner.",
        "Laporkan lebih cepat.",
    ),
}


def explain(code: str, lang: str = "en") -> str:
    """What a reason or warning means, for people; the code itself where it is unknown."""
    meaning = REASONS.get(code) or WARNINGS.get(code)
    return meaning.text(lang) if meaning else code
