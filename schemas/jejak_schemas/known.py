"""Texts that came before, by their bytes: most come again and again, and need no second check.

No text that names a person is remembered.
"""

from typing import Final

from pydantic_core import SchemaValidator

from jejak_schemas.sure import Schema

_LONGEST: Final = 512  # characters of a text that is remembered
_MOST: Final = 8_192  # texts of one check


class Known(dict[bytes, str]):
    """Texts that were decoded and passed a check.

    A new one is decoded and checked when it is asked for: raises ValueError where it does not pass.
    """

    def __init__(self, check: Schema) -> None:
        super().__init__()
        self._check = SchemaValidator(check).validate_python

    def __missing__(self, raw: bytes) -> str:
        text = str(raw, "utf-8")
        self._check(text)
        if len(self) >= _MOST:
            self.clear()
        self[raw] = text
        return text


KNOWN: Final[dict[str, Known]] = {}
"""By the check, which many fields of many classes have in common."""


def known_by(check: Schema) -> Known | None:
    """The texts that passed this check of `checking`'s; None where no such text is remembered.

    Remembered are codes of ours, and short texts in which no NIP can be (`sure.clean`). An id, a
    NIP, an NRP and any other alias have checks of other types.
    """
    if check["type"] == "chain":
        few = check["steps"][0].get("max_length", _LONGEST + 1) <= _LONGEST
    else:
        few = check["type"] == "literal"
    return KNOWN.setdefault(repr(check), Known(check)) if few else None
