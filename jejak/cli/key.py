"""The key that signs checkpoints: made, replaced, and shown to those who verify."""

import os
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jejak.cli import speech
from jejak.cli.options import HomeOption, JsonOption, YesOption, services_of, settings_of

if TYPE_CHECKING:
    from jejak_lrs.tlog.keys import Keys

PemOption = Annotated[bool, typer.Option("--pem", help="As openssl reads them; one for all logs.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    own = typer.Typer(help="The key that signs checkpoints.", no_args_is_help=True)
    own.command("new")(new)
    own.command("show")(show)
    app.add_typer(own, name="key")


def new(home: HomeOption = None, yes: YesOption = False) -> None:
    """Make a signing key, in place of the one that is there, which stays listed.

    The notary takes it when it is started next.
    """
    from jejak import keys  # noqa: PLC0415  not part of the plain install
    from jejak.home import Secrets  # noqa: PLC0415

    place, chosen = settings_of(home)
    place.make()
    secrets = Secrets(chosen.secrets) if chosen.secrets else place.secrets
    if (secrets.folder / keys.NAME).exists() and not yes:
        speech.ask("Replace the signing key? Whoever verifies needs the new one")
    made = keys.new(secrets)
    speech.tell(f"the key is in {secrets.folder / keys.NAME}; start the notary again")
    if os.environ.get(keys.VARIABLE):
        speech.tell(f"{keys.VARIABLE} is set here, and comes before the file")
    speech.say(f"public {made.current.verifier.public.hex()}")


def show(home: HomeOption = None, pem: PemOption = False, as_json: JsonOption = False) -> None:
    """Show the public keys by which the logs are verified, the current one first."""
    from jejak import keys  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_lrs.ledger import history  # noqa: PLC0415
    from jejak_lrs.notary import checkpoints  # noqa: PLC0415

    _, chosen = settings_of(home)
    _, services = services_of(home)
    held = keys.load(services.secrets, os.environ)
    if pem:
        speech.say(_pems(held))
        return
    with closing(database.connect(services.dsn(roles.READER), "jejak command")) as connection:
        origins = checkpoints.origins(chosen.log_origin, history.head(connection).epoch)
    found: list[dict[str, Any]] = [
        {"log": tree, "key": str(verifier), "current": not index}
        for tree, origin in origins.items()
        for index, verifier in enumerate(held.verifiers(origin))
    ]
    if as_json:
        speech.answer_json({"keys": found})
        return
    for each in found:
        speech.say(each["key"] if each["current"] else f"{each['key']} (former)")


def _pems(held: "Keys") -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    known = (held.current.verifier, *held.former)
    return "".join(
        Ed25519PublicKey.from_public_bytes(each.public)
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
        for each in known
    ).rstrip()
