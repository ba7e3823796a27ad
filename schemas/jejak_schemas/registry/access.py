"""Where a schema registry is, and how to sign in to it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import SplitResult, unquote, urlsplit

from jejak_schemas.registry.errors import BadAddress, NotInstalled

if TYPE_CHECKING:
    from jejak_schemas.registry.client import RegistryClient


@dataclass(frozen=True, slots=True)
class Access:
    """One registry, perhaps at several URLs, comma-separated; `urls` hold no user or password."""

    urls: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    ssl_cafile: str = ""

    @classmethod
    def of(cls, url: str, user: str = "", password: str = "", ssl_cafile: str = "") -> Self:
        """Read what a person wrote: user and password may stand in the (first) URL instead.

        Raises BadAddress, whose text does not repeat the URL: it can hold the password.
        """
        parts = [_parsed(one) for one in url.split(",")]
        first = parts[0]
        if first.username and not user:
            user, password = unquote(first.username), unquote(first.password or "")
        urls = tuple(
            part._replace(netloc=part.netloc.rpartition("@")[2]).geturl().rstrip("/")
            for part in parts
        )
        return cls(urls, user, password, ssl_cafile)

    def __str__(self) -> str:
        return ",".join(self.urls)


def shown(url: str) -> str:
    """A URL as it may be shown: a password in it is masked."""
    try:
        access = Access.of(url)
    except BadAddress:
        return "(no URL)"
    return f"{access} (user {access.user}, password ***)" if access.user else str(access)


def client_of(access: Access, patience: float) -> "RegistryClient":
    """What asks a registry; raises NotInstalled where the library for it is not there."""
    try:
        from jejak_schemas.registry.client import RegistryClient  # noqa: PLC0415  an extra
    except ImportError as exc:
        raise NotInstalled("a schema registry needs: pip install 'jejak[registry]'") from exc
    return RegistryClient(access, patience)


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port, too
        good = False
    if not good:
        raise BadAddress("the address of a schema registry is http(s)://host[:port][/path]")
    return parts
