"""A quarantined message as a person may see it: taken apart, in hex, numbers of persons hidden.

Hidden is every run of five digits or more, whatever stands between them, and every field that
names a person. That is more than NIPs: what was mistyped in a NIP is still somebody's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jejak_lrs.ledger.quarantine import Quarantined
from jejak_schemas.dissection import Dissected, dissect
from jejak_schemas.framing import Framing

_NAMING: Final = frozenset({"nip", "nrp", "value"})  # fields of PersonRef and Alias
_GAP: Final = r"(?:[\s.+\-\u2010-\u2015\u2212]|%20|\\[nrt])?"
_RUN: Final = re.compile(rf"\d(?:{_GAP}\d){{4,}}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HIDDEN: Final = "*"
_WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class Specimen:
    """What may be shown of a message's content: as text, and in lines of hex."""

    key: str | None
    headers: Mapping[str, str | None]
    content: Dissected
    size: int
    dump: tuple[str, ...]


def specimen(held: Quarantined, framing: Framing, *, reveal: bool) -> Specimen:
    """A message taken apart; with its numbers of persons only to `reveal` them."""
    original = held.original
    content = dissect(original.value, framing)
    value = original.value or b""
    secrets = () if reveal else tuple(_numbers(content.fields))
    hidden = frozenset() if reveal else _hidden(value, secrets)
    show = _plain if reveal else masked
    return Specimen(
        key=None if original.key is None else show(_text(original.key)),
        headers={
            show(name): None if of is None else show(_text(of)) for name, of in original.headers
        },
        content=content if reveal else _masked(content),
        size=len(value),
        dump=tuple(_lines(value, hidden)),
    )


def masked(text: str) -> str:
    """A text without its longer runs of digits; a UUID stays."""
    if _UUID.fullmatch(text):
        return text
    return _RUN.sub(lambda run: re.sub(r"\d", _HIDDEN, run[0]), text)


def _plain(text: str) -> str:
    return text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _masked(content: Dissected) -> Dissected:
    fields = {name: _without(name, value) for name, value in content.fields.items()}
    return Dissected(content.schema, content.version, fields, content.fault)


def _without(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {masked(inner): _without(inner, of) for inner, of in value.items()}
    if isinstance(value, list):
        return [_without(name, item) for item in value]
    if not isinstance(value, str):
        return value
    return _HIDDEN * len(value) if name in _NAMING else masked(value)


def _numbers(value: Any, name: str = "") -> Iterator[bytes]:
    """What stands in the fields that name a person."""
    if isinstance(value, Mapping):
        for inner, of in value.items():
            yield from _numbers(of, inner)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, name)
    elif isinstance(value, str) and value and name in _NAMING:
        yield value.encode("utf-8", "surrogatepass")


def _hidden(value: bytes, secrets: tuple[bytes, ...]) -> frozenset[int]:
    """Which bytes are not shown."""
    text = value.decode("utf-8", "surrogateescape")
    found = [(_bytes(text[: run.start()]), _bytes(run[0])) for run in _RUN.finditer(text)]
    spans = [(len(before), len(run)) for before, run in found]
    for secret in secrets:
        spans += [(match.start(), len(secret)) for match in re.finditer(re.escape(secret), value)]
    return frozenset(at for start, length in spans for at in range(start, start + length))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _lines(value: bytes, hidden: frozenset[int]) -> Iterator[str]:
    """Offset, sixteen bytes in hex, the same as ASCII; what is hidden as `**` and `*`."""
    for start in range(0, len(value), _WIDTH):
        cells, letters = [], ""
        for at, byte in enumerate(value[start : start + _WIDTH], start):
            cells.append(_HIDDEN * 2 if at in hidden else f"{byte:02x}")
            letter = chr(byte) if 0x20 <= byte < 0x7F else "."  # noqa: PLR2004  printable ASCII
            letters += _HIDDEN if at in hidden else letter
        yield f"{start:06x}  {' '.join(cells):<{_WIDTH * 3 - 1}}  {letters}"
