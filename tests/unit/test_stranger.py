"""The stranger's count sees each wrong, and knows nothing of the inside."""

import re
from pathlib import Path

from tests.stranger.counting import compare
from tests.stranger.sender import MARK

HELD = [(0, "registry", None), (1, "a", f"{MARK}p/0"), (2, "b", f"{MARK}p/1")]
TOLD = {"a": 1, "b": 2}


def wrong(
    held: list[tuple[int, str, str | None]], receipts: str = "ab", told: dict[str, int] = TOLD
) -> dict[str, int]:
    return {what: times for what, times in compare(held, receipts, told, 2) if times}


def test_nothing_is_wrong_with_a_ledger_that_holds_what_was_told() -> None:
    assert wrong(HELD) == {}


def test_each_wrong_is_counted_by_its_name() -> None:
    again = (3, "c", f"{MARK}p/1")
    assert wrong(HELD[:2]) == {"lost": 2}  # the id that was told, and the line that was sent
    assert wrong([*HELD, again]) == {"doubled": 1}  # a line of ours under two ids
    assert wrong([*HELD, (3, "b", f"{MARK}p/1")]) == {"doubled": 2, "moved": 1}
    assert wrong(HELD, told={"a": 1, "b": 3}) == {"moved": 1}
    assert wrong([*HELD, (4, "x", None)]) == {"gaps": 1}
    assert wrong(HELD, told={"a": 1}) == {"unanswered": 1}
    assert wrong(HELD, receipts="a") == {"receipts lacking": 1}
    assert wrong(HELD, receipts="aab") == {"receipts doubled": 1}


def test_a_stranger_imports_nothing_of_ours() -> None:
    modules = Path("tests/stranger").glob("*.py")
    source = "\n".join(module.read_text() for module in modules)
    imports = re.findall(r"^(?:from|import) (\S+)", source, re.MULTILINE)
    assert "psycopg" in imports
    assert not [name for name in imports if name.startswith("jejak")]
