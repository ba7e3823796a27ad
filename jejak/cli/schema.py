"""For whoever builds on the contract: its schemas, the gate that they pass, its pages."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, home_of
from jejak.errors import Misuse, Refuse
from jejak.framing import registry_of
from jejak_schemas import avro, evolution
from jejak_schemas.evolution import Finding
from jejak_schemas.registry import register_all

NameArgument = Annotated[str, typer.Argument(help="A class, such as CourseCompleted.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="One version of it; by default the newest.")
]
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE", help="Would-be next versions; none: all that is released."),
]

PAGES = Path("docs/contract")
OutOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where they stand.", file_okay=False)
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    schema = typer.Typer(help="The contract's schemas and pages.", no_args_is_help=True)
    schema.command("list")(list_schemas)
    schema.command("show")(show)
    schema.command("check")(check)
    schema.command("docs")(docs)
    schema.command("register")(register_schemas)
    app.add_typer(schema, name="schema")


def list_schemas(as_json: JsonOption = False) -> None:
    """List every version of every class: its file's SHA-256, its fingerprint on the wire."""
    rows = [
        {
            "name": one.name,
            "version": one.version,
            "sha256": one.sha256.hex(),
            "fingerprint": one.fingerprint,
        }
        for model in avro.MODELS
        for one in avro.versions(model.__name__)
    ]
    if as_json:
        speech.answer_json(rows)
        return
    columns = ("class", "version", "fingerprint", "SHA-256")
    speech.answer_table(
        columns,
        [(row["name"], row["version"], row["fingerprint"], row["sha256"]) for row in rows],
    )
    if any(row["version"] == avro.DRAFT for row in rows):
        speech.tell("version 0 is a draft: it may still change")


def show(name: NameArgument, version: VersionOption = None, as_json: JsonOption = False) -> None:
    """Show the Avro schema of a class: the text of its .avsc file, byte for byte."""
    held = {one.version: one for one in _versions_of(name)}
    asked = max(held) if version is None else version
    if asked not in held:
        raise Refuse(f"{name} has no version {asked}; it has {', '.join(map(str, held))}")
    text = avro.released_text(name, asked)
    if not as_json:
        typer.echo(text, nl=False)
        return
    identity = {"sha256": held[asked].sha256.hex(), "fingerprint": held[asked].fingerprint}
    schema = json.loads(text)
    speech.answer_json({"name": name, "version": asked, **identity, "schema": schema})


def check(files: FilesArgument = None, as_json: JsonOption = False) -> int:
    """Judge what is released, or whether each FILE could be the next version of its class."""
    found = _findings(files or [])
    if as_json:
        speech.answer_json({"in_order": not found, "findings": [asdict(one) for one in found]})
    else:
        for one in found:
            speech.say(str(one))
        speech.tell(f"faults: {len(found)}" if found else "in order")
    return 1 if found else 0


def docs(
    out: OutOption = PAGES,
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 naming the stale files.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Write the contract's pages, its AsyncAPI document and its xAPI Profile."""
    from jejak_schemas import documents  # noqa: PLC0415  the other commands do not need it

    if check_only and not out.is_dir():
        raise Refuse(f"there are no pages in {out}: go to Jejak's repository, or say --out DIR")
    try:
        texts = documents.files()
    except documents.Lacking as lacking:
        raise Refuse(f"the pages want words: {lacking}") from None
    stale = sorted(name for name, text in texts.items() if _text_in(out / name) != text)
    left = sorted(path.name for path in out.glob("*.md") if path.name not in texts)
    if not check_only:
        out.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (out / name).write_text(texts[name], "utf-8")
    _tell_of(out, stale, left, check_only=check_only, as_json=as_json)
    return 1 if left or (check_only and stale) else 0


def _text_in(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _tell_of(
    out: Path, stale: list[str], left: list[str], *, check_only: bool, as_json: bool
) -> None:
    if as_json:
        done = "stale" if check_only else "written"
        speech.answer_json({"out": out, done: stale, "left_over": left})
        return
    for name in stale:
        speech.say(f"{out / name}: {'stale' if check_only else 'written'}")
    for name in left:
        speech.say(f"{out / name}: no page of the contract; remove it")
    if check_only and stale:
        speech.tell("write them anew: jejak schema docs")
    elif not stale:
        speech.tell("fresh")


def register_schemas(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Put every released schema into the schema registry that is set; what is there stays."""
    access = registry_of(home_of(home), os.environ)
    if access is None:
        raise Misuse("no schema registry is set: say where in JEJAK_REGISTRY_URL")
    done = register_all(access)
    if as_json:
        speech.answer_json({"registry": str(access), **asdict(done)})
    else:
        speech.answer_pairs({"registry": access, **asdict(done)})


def _versions_of(name: str) -> tuple[avro.Schema, ...]:
    try:
        return avro.versions(name)
    except KeyError:
        raise Refuse(f"no class {name}; `jejak schema list` names them") from None


def _findings(files: list[Path]) -> list[Finding]:
    if not files:
        return evolution.check_released()
    return [finding for path in files for finding in evolution.check_file(path)]
