"""An agency finds its own people in what it receives, offline, without a NIP on the wire.

Changes and profile states carry `match_refs`: HMAC-SHA256(match key, the 18 digits) of every NIP a
person ever had. Whoever has the match key and the list of its own people can join the two; the
references of two agencies cannot be joined. docs/agency.md says it for other languages.
"""

import csv
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from jejak_consumers.errors import BadRoster
from jejak_schemas.outgoing import Change, PersonLeft, ProfileState
from jejak_schemas.wire import is_birth_date

_NIP_LENGTH: Final = 18
_KEY_LENGTH: Final = 32

Standing = Literal["matched", "unknown", "elsewhere"]


class Roster:
    """The agency's own people, by what stands for them on the wire. Its repr shows no number.

    Args:
        nips: 18 digits each.
        match_key: the agency's, as 64 hex digits (its credentials file has it) or 32 bytes.
    """

    def __init__(self, nips: Iterable[str], match_key: str | bytes) -> None:
        key = _key(match_key)
        self._by_ref = {match_ref(key, nip): nip for nip in nips}

    @classmethod
    def read(cls, path: Path, match_key: str | bytes) -> Self:
        """A CSV file with a column `nip`, or with NIPs in its first column."""
        return cls(nips_in(path), match_key)

    def __len__(self) -> int:
        return len(self._by_ref)

    def __iter__(self) -> Iterator[str]:
        """The NIPs, in the order given."""
        return iter(self._by_ref.values())

    def __repr__(self) -> str:
        return f"<Roster of {len(self)}>"

    def nip_of(self, told: Change | ProfileState) -> str | None:
        """Whom a change or a state is about; None for somebody who is not on the roster."""
        return next((self._by_ref[ref] for ref in told.match_refs if ref in self._by_ref), None)


@dataclass(frozen=True, slots=True)
class Found:
    """How a roster compares with what the agency receives.

    Args:
        standing: of each NIP of the roster. `matched`: one of the agency's people. `elsewhere`:
            was one, and has left, as far as the changes still kept tell. `unknown`: neither;
            nothing more can be said, since an agency is told of its own people only.
        unlisted: how many of the agency's people are not on the roster.
    """

    standing: dict[str, Standing]
    unlisted: int

    def count(self, standing: Standing) -> int:
        """How many NIPs stand so."""
        return sum(one == standing for one in self.standing.values())

    def __repr__(self) -> str:
        return f"<Found {len(self.standing)}>"


def compare(roster: Roster, states: Iterable[ProfileState], changes: Iterable[Change]) -> Found:
    """Where the people of a roster stand, by the current states and the changes still kept."""
    standing: dict[str, Standing] = dict.fromkeys(roster, "unknown")
    unlisted = 0
    for change in changes:
        nip = roster.nip_of(change)
        if nip is not None:
            # Whoever is here now is matched below; of others the last word is that they left.
            standing[nip] = "elsewhere" if isinstance(change, PersonLeft) else standing[nip]
    for state in states:
        nip = roster.nip_of(state)
        if nip is None:
            unlisted += 1
        else:
            standing[nip] = "matched"
    return Found(standing, unlisted)


def match_ref(match_key: bytes, nip: str) -> str:
    """What stands for a NIP on the wire: HMAC-SHA256(match key, the 18 digits), lower-case hex."""
    return hmac.new(match_key, nip.encode("ascii"), hashlib.sha256).hexdigest()


def nips_in(path: Path) -> list[str]:
    """The NIPs of a CSV file: of its column `nip`, or of its first column.

    Raises:
        BadRoster: no file, no such column, or a line whose NIP is none (the line is named).
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as exc:
        raise BadRoster(f"cannot read {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise BadRoster(f"{path} is not UTF-8 text; save it as CSV UTF-8") from exc
    first = text.partition("\n")[0]
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in first else ","))
    column, begins = _column(rows)
    nips = [
        _nip(row[column] if column < len(row) else "", path, number)
        for number, row in enumerate(rows[begins:], begins + 1)
        if any(cell.strip() for cell in row)
    ]
    if not nips:
        raise BadRoster(f"{path} holds no NIP")
    return nips


def _column(rows: list[list[str]]) -> tuple[int, int]:
    """The column of the NIPs, and the first line that has one."""
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "nip" in names:
        return names.index("nip"), 1
    return 0, 0


def _nip(cell: str, path: Path, line: int) -> str:
    digits = cell.strip().lstrip("'").replace(" ", "")
    if len(digits) != _NIP_LENGTH or not (digits.isascii() and digits.isdigit()):
        raise BadRoster(
            f"{path}, line {line}: not a NIP of 18 digits (a spreadsheet keeps them only as text)"
        )
    if not is_birth_date(digits):
        raise BadRoster(f"{path}, line {line}: begins with an impossible birth date")
    return digits


def _key(match_key: str | bytes) -> bytes:
    try:
        key = bytes.fromhex(match_key) if isinstance(match_key, str) else match_key
    except ValueError:
        key = b""
    if len(key) != _KEY_LENGTH:
        raise BadRoster("the match key is not 64 hex digits; take it from the credentials file")
    return key
