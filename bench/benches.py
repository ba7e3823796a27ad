"""The table of benches. To add one: a module with `run`, a row here."""

from collections.abc import Callable, Mapping
from typing import Final

from bench import emit, quarantine, record, walk
from bench.line import Line

BENCHES: Final[Mapping[str, Callable[[], list[Line]]]] = {
    "emit": emit.run,
    "walk": walk.run,
    "quarantine": quarantine.run,
    "record": record.run,
    "record2": record.run_two,
}
_LATER: Final = ("project", "rebuild", "replay", "notary", "check")


def named(name: str) -> str:
    """The name itself; LookupError says which there are where this is none."""
    if name in BENCHES:
        return name
    why = f"{name} is not built yet" if name in _LATER else f"there is no bench {name!r}"
    raise LookupError(f"{why}; there are {', '.join(BENCHES)}")
