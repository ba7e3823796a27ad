"""A home of its own for one bench: embedded services, provisioned as `jejak up` does."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jejak import processes, provisioning, registrar
from jejak import settings as settings_module
from jejak.home import Home
from jejak.provisioning import NewParty
from jejak_schemas.credentials import Credentials


@contextmanager
def running_house(parties: Sequence[NewParty]) -> Iterator[tuple[processes.Up, list[Credentials]]]:
    """Services without loops, and the parties' credentials; at the end all is stopped and gone."""
    with tempfile.TemporaryDirectory(prefix="jejak-bench-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        with processes.running(home, settings_module.load(home), loops=(), tell=_tell) as up:
            declare = registrar.declaring(up.services)
            provisioning.add_parties(up.services, home.credentials, parties, declare)
            files = [home.credentials_file(party.code) for party in parties]
            yield up, [Credentials.load(file) for file in files]


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
