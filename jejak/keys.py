"""The key that signs checkpoints: a file that only its owner reads, or an environment variable.

It is in no database and in no log. Former keys stay listed in the file, so that what they signed
can still be verified.
"""

from collections.abc import Mapping
from pathlib import Path

from jejak.errors import Fatal
from jejak.home import Secrets
from jejak_lrs.tlog.errors import Malformed
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer

NAME = "notary-key"
VARIABLE = "JEJAK_NOTARY_KEY"
_OWNER = "jejak"  # a name that is in the file only: in a signature stands the log's
_OTHERS = 0o077


def load(secrets: Secrets, environment: Mapping[str, str]) -> Keys:
    """The keys; the environment's where it has some.

    Raises:
        Fatal: there are none, they cannot be read, or others may read the file.
    """
    if text := environment.get(VARIABLE):
        return _parsed(text, VARIABLE)
    path = secrets.folder / NAME
    if not path.exists():
        raise Fatal(f"no signing key in {path}: make one with `jejak key new`")
    _refuse_open(path)
    return _parsed(secrets.get(NAME), str(path))


def ensure(secrets: Secrets, environment: Mapping[str, str]) -> None:
    """Make a key where there is none yet."""
    if not environment.get(VARIABLE) and not (secrets.folder / NAME).exists():
        new(secrets)


def new(secrets: Secrets) -> Keys:
    """A fresh key in the file; the one before it stays listed, and signs no more.

    Raises:
        Fatal: the file holds something else, or others may read it.
    """
    path = secrets.folder / NAME
    if path.exists():
        _refuse_open(path)
        keys = _parsed(secrets.get(NAME), str(path)).rotated()
    else:
        keys = Keys(Signer.new(_OWNER))
    secrets.put(NAME, keys.text.rstrip("\n"))
    return keys


def _parsed(text: str, place: str) -> Keys:
    try:
        return Keys.parse(text)
    except Malformed as error:
        raise Fatal(f"{place} holds no signing key: {error}") from None


def _refuse_open(path: Path) -> None:
    if path.stat().st_mode & _OTHERS:
        raise Fatal(
            f"others than its owner may read {path}: nobody can say who signs with it. "
            f"`chmod 600 {path}`, then `jejak key new`"
        )
