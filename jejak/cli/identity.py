"""As whom a provider's commands speak, and how they answer."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from jejak.errors import Refuse
from jejak.home import Home
from jejak_producers import NotAllowed
from jejak_producers.kafka import KafkaInlet
from jejak_schemas.credentials import Credentials

Lang = Literal["id", "en"]
IdentityOption = Annotated[
    str,
    typer.Option(help="The party: its code, or its credentials file.", show_default=False),
]
LangOption = Annotated[Lang, typer.Option(help="The language of reasons.")]
LinesOption = Annotated[bool, typer.Option("--json", help="Answer with JSON Lines.")]
PATIENCE: Final = 10.0  # seconds until brokers that do not answer are called away


def identified(home: Home, identity: str) -> Credentials:
    """The credentials of a party, by its code or by the path of its file."""
    if identity.endswith(".toml"):
        return Credentials.load(Path(identity))
    path = home.credentials_file(identity)
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in home.credentials.glob("*.toml"))) or "none"
        raise Refuse(f"no credentials of {identity} in {home.credentials}; known here: {known}")
    return Credentials.load(path)


@contextmanager
def receipts_of(credentials: Credentials) -> Iterator[KafkaInlet]:
    """The party's receipts topic; raises NotAllowed where it has none."""
    if credentials.topics.receipts is None:
        raise NotAllowed(f"{credentials.party} has no receipts topic")
    with closing(KafkaInlet(credentials.kafka, credentials.topics.receipts, PATIENCE)) as inlet:
        yield inlet
