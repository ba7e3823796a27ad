"""Train the next dictionary: `python -m jejak_lrs.dictionaries.train STATEMENTS.jsonl`.

The file holds one synthetic statement a line, exactly as it would be recorded
(`python -m bench.statements`). Writes statements-N.zdict beside this module and its entry in
manifest.json.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from jejak_lrs.dictionaries import MANIFEST
from jejak_lrs.ledger.payload import Packer

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 64 * 1024
_SEGMENT = 4_000  # bytes taken at a time: whole statements, so that matches are long
# Which statements are learned from is a matter of luck, so several drawings are tried on
# statements that none has seen.
DRAWINGS = 24
_DRAWN = 8_000
_HELD_OUT = 20  # one in so many
_HERE = Path(__file__).parent


def train(
    statements: Sequence[bytes], folder: Path = _HERE, size: int = SIZE, drawings: int = DRAWINGS
) -> Path:
    """Train on statements and add the result to the folder's manifest; returns the new file."""
    manifest = folder / MANIFEST
    entries = json.loads(manifest.read_text("utf-8"))
    number = max((entry["number"] for entry in entries), default=0) + 1
    content = _best(statements, size, drawings)
    file = folder / f"statements-{number}.zdict"
    file.write_bytes(content)
    entries.append(
        {"number": number, "file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
    )
    manifest.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    return file


def _best(statements: Sequence[bytes], size: int, drawings: int) -> bytes:
    """Of several dictionaries the one that packs the held-out statements smallest."""
    held_out = statements[::_HELD_OUT]
    learned = [one for index, one in enumerate(statements) if index % _HELD_OUT]
    made = (_made(learned, size, seed) for seed in range(drawings))
    return min(made, key=lambda content: _packed(content, held_out))


def _made(statements: Sequence[bytes], size: int, seed: int) -> bytes:
    drawing = random.Random(seed)  # noqa: S311 - repeatable, and nothing secret
    drawn = drawing.sample(statements, min(_DRAWN, len(statements)))
    return zstandard.train_dictionary(size, list(drawn), k=min(_SEGMENT, size // 2), d=8).as_bytes()


def _packed(content: bytes, statements: Sequence[bytes]) -> int:
    pack = Packer(1, content).pack
    return sum(len(pack(one)) for one in statements)


if __name__ == "__main__":
    print(train(Path(sys.argv[1]).read_bytes().splitlines()))  # noqa: T201 - its answer
