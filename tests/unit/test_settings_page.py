"""docs/operating.md documents every setting, in the words that `jejak settings` shows."""

import re
from pathlib import Path

from jejak.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")


def test_every_setting_is_on_the_page_as_the_command_explains_it() -> None:
    documented = dict(re.findall(r"^\| `JEJAK_(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    meant = {key.upper(): field.description for key, field in Settings.model_fields.items()}
    assert documented == meant
