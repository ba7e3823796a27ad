"""For whoever builds on the contract: its schemas, the gate that they pass, its pages."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jejak.cli import speech
from jejak.cli.options import JsonOption
from jejak.errors import Refuse
from jejak_schemas import avro, evolution
from jejak_schemas.evolution import Finding

NameArgument = Annotated[str, typer.Argument(help="A class, such as CourseCompleted.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="One version of it; by default the newest.")
]
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", help="Would-be next versions; none: all that is released."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    schema = typer.Typer(help="The contract's schemas and pages.", no_args_is_help=True)
    schema.command("list")(list_schemas)
    schema.command("show")(show)
    schema.command("check")(check)
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


def _versions_of(name: str) -> tuple[avro.Schema, ...]:
    try:
        return avro.versions(name)
    except KeyError:
        raise Refuse(f"no class {name}; `jejak schema list` names them") from None


def _findings(files: list[Path]) -> list[Finding]:
    if not files:
        return evolution.check_released()
    return [finding for path in files for finding in evolution.check_file(path)]
