"""Train the next dictionary: `python -m jejak_lrs.dictionaries.train STATEMENTS.jsonl`.

The file holds one synthetic statement a line, exactly as it would be recorded. Writes
statements-N.zdict beside this module and its entry in manifest.json.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from jejak_lrs.dictionaries import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 64 * 1024
_HERE = Path(__file__).parent


def train(statements: Sequence[bytes], folder: Path = _HERE) -> Path:
    """Train on statements and add the result to the folder's manifest; returns the new file."""
    manifest = folder / MANIFEST
    entries = json.loads(manifest.read_text("utf-8"))
    number = max((entry["number"] for entry in entries), default=0) + 1
    content = zstandard.train_dictionary(SIZE, list(statements)).as_bytes()
    file = folder / f"statements-{number}.zdict"
    file.write_bytes(content)
    entries.append(
        {"number": number, "file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
    )
    manifest.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    return file


if __name__ == "__main__":
    print(train(Path(sys.argv[1]).read_bytes().splitlines()))  # noqa: T201 - its answer
