"""A home: one folder with the embedded services' data, the secrets and the credentials.

```
settings.toml            what the operator set (optional)
secrets/NAME             one password or key each, 0600
credentials/PARTY.toml   what a party is handed, 0600
kafka/ postgres/         the services' data
run/                     who runs, on which ports; nothing to keep
log/                     the published log: checkpoints, tiles, bundles of entries
logs/                    what the programs said
```

Everything in it is closed to others. Importable from the plain install.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from jejak.errors import Fatal, Misuse, Refuse
from jejak.private import private_folder, write_private

APP = "jejak"


def default_home() -> Path:
    """Where a home is when nobody says: the user's data folder."""
    return Path(platformdirs.user_data_path(APP))


def default_cache() -> Path:
    """Where downloads are kept when nobody says: the user's cache folder."""
    return Path(platformdirs.user_cache_path(APP))


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home. `path` is absolute."""

    path: Path

    @property
    def settings_file(self) -> Path:
        """What the operator set."""
        return self.path / "settings.toml"

    @property
    def secrets(self) -> "Secrets":
        """The passwords and keys."""
        return Secrets(self.path / "secrets")

    @property
    def credentials(self) -> Path:
        """The folder of the parties' credentials files."""
        return self.path / "credentials"

    def credentials_file(self, party: str) -> Path:
        """The credentials file of a party."""
        return self.credentials / f"{party}.toml"

    @property
    def run(self) -> Path:
        """The folder of what matters only while it runs."""
        return self.path / "run"

    @property
    def log(self) -> Path:
        """The folder of the published log, unless another is set."""
        return self.path / "log"

    @property
    def logs(self) -> Path:
        """The folder of what the programs said."""
        return self.path / "logs"

    def make(self) -> None:
        """Make the folders that are not there; Misuse where that cannot be."""
        try:
            for folder in (self.path, self.secrets.folder, self.credentials, self.run, self.logs):
                private_folder(folder)
        except OSError as error:
            raise Misuse(f"cannot make the home {self.path}: {error.strerror}") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the home: one `up` at a time. Refuse if another has it.

        The lock is the kernel's, so it cannot outlive its holder.
        """
        import fcntl  # noqa: PLC0415  not there on Windows, where the party's side works

        self.make()
        with (self.run / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refuse(
                    f"{self.path} is up already; see `jejak status`, or stop it with `jejak down`"
                ) from None
            yield

    @property
    def is_held(self) -> bool:
        """Whether an `up` holds the home."""
        if not (self.run / "lock").exists():
            return False
        try:
            with self.held():
                return False
        except Refuse:
            return True


@dataclass(frozen=True, slots=True)
class Secrets:
    """One file per secret. Where a secret manager mounts files, this is their folder."""

    folder: Path

    def get(self, name: str) -> str:
        """The secret; Fatal if there is none."""
        try:
            return (self.folder / name).read_text("utf-8").strip()
        except FileNotFoundError:
            raise Fatal(f"no secret {name!r} in {self.folder}; has `jejak up` run here?") from None
        except OSError as error:
            raise Fatal(f"cannot read {self.folder / name}: {error.strerror}") from error

    def has(self, name: str) -> bool:
        """Whether there is such a secret."""
        return (self.folder / name).exists()

    def ensure(self, name: str) -> str:
        """The secret, made at random (256 bits) the first time."""
        if not self.has(name):
            self.put(name, new_password())
        return self.get(name)

    def ensure_key(self, name: str) -> str:
        """A 32-byte key as 64 hex digits, made at random the first time."""
        if not self.has(name):
            self.put(name, secrets.token_hex(32))
        return self.get(name)

    def put(self, name: str, value: str) -> None:
        """Keep a secret, in place of one of that name."""
        write_private(private_folder(self.folder) / name, value + "\n")

    def remove(self, name: str) -> None:
        """Keep it no longer."""
        (self.folder / name).unlink(missing_ok=True)


def new_password() -> str:
    """A password at random (256 bits)."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the embedded services of a home listen, all on 127.0.0.1 or in the home."""

    kafka: int
    controller: int
    postgres: int

    def save(self, home: Home) -> None:
        """Keep them for the commands that talk to the running home."""
        write_private(home.run / "ports.json", json.dumps(asdict(self)))

    @classmethod
    def load(cls, home: Home) -> "Endpoints | None":
        """What was kept, or None."""
        try:
            return cls(**json.loads((home.run / "ports.json").read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
