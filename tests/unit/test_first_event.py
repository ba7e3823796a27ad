"""docs/first-event.md shows the very programs that are compiled and run, and a true file."""

import re
import tomllib
from pathlib import Path

import pytest

from jejak_schemas.credentials import Credentials

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "python": "first-event-python/first_event.py",
    "java": "first-event-java/src/main/java/FirstEvent.java",
    "go": "first-event-go/main.go",
}


def shown(language: str) -> str:
    """The page's one block of a language."""
    page = (ROOT / "docs/first-event.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_page_shows_the_program_that_is_run(language: str) -> None:
    program = ROOT / "tests/clients" / PROGRAMS[language]
    assert shown(language) == program.read_text("utf-8")


def test_the_page_shows_a_credentials_file_as_it_is_written() -> None:
    assert Credentials.model_validate(tomllib.loads(shown("toml"))).dump() == shown("toml")
