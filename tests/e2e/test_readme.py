"""What the README shows is run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Played

ROOT = Path(__file__).parents[2]


def test_the_example_prints_recorded_and_a_position(played: Played, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    credentials = played.stage.home.credentials_file("pusbangkom-lan").read_text("utf-8")
    (tmp_path / "pusdiklat.toml").write_text(credentials, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert re.fullmatch(r"recorded \d+\n", done.stdout)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\((?!https?:)([^)#]+)", prose)
    assert [link for link in links if not (page.parent / link).exists()] == []
