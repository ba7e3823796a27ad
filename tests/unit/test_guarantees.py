"""docs/guarantees.md promises nothing without a test that is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
PROMISES, _, NON_GOALS = PAGE.partition("## Non-goals")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def items(text: str) -> list[str]:
    """The points of every list, each with the lines that belong to it."""
    return re.findall(r"^- .*(?:\n  .*)*", text, re.MULTILINE)


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_says_must_or_may_and_names_a_test() -> None:
    promises = items(PROMISES)
    assert len(promises) > 30
    assert [one for one in promises if not re.search(r"\b(MUST|MAY)\b", one)] == []
    assert [one for one in promises if not NAMED.search(one)] == []


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE)
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or test not in functions_of(path)
    ]
    assert missing == []
    assert len(named) == PROMISES.count("::")


def test_what_is_not_promised_is_said() -> None:
    assert len(items(NON_GOALS)) >= 5
