"""`python -m jejak_schemas.release [NAME...]`: freeze what the models say as new versions.

Every class whose model says something else than its newest released schema gets its next version,
`avsc/<Name>.v<n>.avsc`, and a line in `avsc/RELEASED`; a class that was never released gets version
1, and its draft goes. All or nothing: one fault (evolution.py), and nothing is written.

Exit codes: 0 done, or nothing to do; 1 refused, one line a fault on standard error; 2 usage.
`--check` writes nothing: 0 if all is released and in order.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from jejak_schemas import avro, evolution
from jejak_schemas.avro import AVSC, DRAFT, LIST, MODELS, Release, file_name
from jejak_schemas.evolution import Finding, Models, Version
from jejak_schemas.upcasting import STEPS, Steps


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release would write, and why it may not; `findings` empty: it may."""

    versions: tuple[Version, ...]
    findings: tuple[Finding, ...]


def plan(
    names: Sequence[str] = (), folder: Path = AVSC, models: Models = MODELS, steps: Steps = STEPS
) -> Plan:
    """What is to be released of the classes named, or of all."""
    wrong = evolution.check_files(folder) or evolution.check_history(folder, models, steps)
    if wrong:
        return Plan((), tuple(wrong))
    held = tuple(evolution.read(folder, avro.releases(folder)))
    wanted = [model for model in models if not names or model.__name__ in names]
    candidates = [_candidate(model, held) for model in wanted]
    new = tuple(candidate for candidate in candidates if _is_new(candidate, held))
    found = [finding for each in new for finding in evolution.check_next(each, held, steps)]
    return Plan(new, tuple(found))


def write(versions: Sequence[Version], folder: Path = AVSC) -> None:
    """Write the files of new versions, then their lines; drafts of their classes go."""
    lines = set(avro.releases(folder))
    for version in versions:
        raw = version.text.encode()
        (folder / file_name(version.name, version.number)).write_bytes(raw)
        (folder / file_name(version.name, DRAFT)).unlink(missing_ok=True)
        lines.add(Release(version.name, version.number, hashlib.sha256(raw).hexdigest()))
    text = "".join(f"{line.sha256}  {line.file}\n" for line in sorted(lines))
    (folder / LIST).write_text(text, "utf-8")


def _candidate(model: type[BaseModel], held: Sequence[Version]) -> Version:
    number = 1 + evolution.newest(model.__name__, held)
    return Version.of(model.__name__, number, avro.text_of(model))


def _is_new(candidate: Version, held: Sequence[Version]) -> bool:
    own = [version for version in held if version.name == candidate.name]
    return not own or not evolution.says_the_same(candidate.plain, own[-1].plain)


def main(said: Sequence[str] | None = None, models: Models = MODELS, steps: Steps = STEPS) -> int:
    """The command; returns its exit code."""
    asked = _arguments(said, {model.__name__ for model in models})
    if asked.check:
        return _tell(evolution.check_released(asked.folder, models, steps))
    planned = plan(asked.names, asked.folder, models, steps)
    if planned.findings:
        return _tell(planned.findings)
    write(planned.versions, asked.folder)
    for version in planned.versions:
        print(f"released {version}")  # noqa: T201  a command's answer
    if not planned.versions:
        print("nothing to release: every model says what its newest version says")  # noqa: T201  the same
    return 0


def _tell(findings: Sequence[Finding]) -> int:
    for finding in findings:
        print(finding, file=sys.stderr)  # noqa: T201  a command's answer
    return 1 if findings else 0


def _arguments(said: Sequence[str] | None, known: set[str]) -> argparse.Namespace:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m jejak_schemas.release", description=summary)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a class; none: all of them")
    parser.add_argument(
        "--check", action="store_true", help="judge what is released; write nothing"
    )
    parser.add_argument("--folder", type=Path, default=AVSC, help="instead of the package's own")
    asked = parser.parse_args(said)
    for name in set(asked.names) - known:
        parser.error(f"no class {name} in the catalogue or in what we send")
    return asked


if __name__ == "__main__":
    sys.exit(main())
