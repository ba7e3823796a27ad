"""How a party's commands begin their messages: chosen here, once a process (the loops': loops).

With a schema registry set Confluent's framing, else single-object encoding. A party has the plain
install, without what reads the server's settings; the four keys here are the same ones.
"""

import os
import tomllib
from collections.abc import Mapping
from typing import Any

from jejak.errors import Misuse
from jejak.home import Home
from jejak_schemas.framing import SINGLE_OBJECT, Framing
from jejak_schemas.registry import Access, BadAddress, SchemaRegistry

KEYS = ("registry_url", "registry_user", "registry_password", "registry_ssl_cafile")


def framing_of(home: Home) -> Framing:
    """The framing that this process writes with; connects to nothing.

    Raises Misuse, NotInstalled.
    """
    access = registry_of(home, os.environ)
    return SINGLE_OBJECT if access is None else SchemaRegistry(access)


def registry_of(home: Home, environment: Mapping[str, str]) -> Access | None:
    """The schema registry that is set: in the environment, else in the home's settings.toml."""
    in_file = settings_file(home)

    def said(key: str) -> str:
        return environment.get(f"JEJAK_{key.upper()}") or str(in_file.get(key, ""))

    return access_of(*map(said, KEYS))


def access_of(url: str, user: str, password: str, ssl_cafile: str) -> Access | None:
    """The schema registry at a URL; None for no URL, Misuse for a bad one."""
    try:
        return Access.of(url, user, password, ssl_cafile) if url else None
    except BadAddress as error:
        raise Misuse(f"setting registry_url: {error} (JEJAK_REGISTRY_URL)") from None


def settings_file(home: Home) -> dict[str, Any]:
    """What the home's settings.toml holds; Misuse where it is none."""
    try:
        return tomllib.loads(home.settings_file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Misuse(f"{home.settings_file} is not TOML: {error}") from None
