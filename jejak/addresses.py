"""Where the services are, and how much a party may use of them: plain values."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

DATABASE = "jejak"


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL server: a host name, an address or a socket folder, and a port.

    `options` are libpq's further ones, such as ("sslmode", "verify-full").
    """

    host: str
    port: int
    options: tuple[tuple[str, str], ...] = ()

    def dsn(self, user: str, password: str, database: str = DATABASE) -> str:
        """A libpq URL (PostgreSQL manual, "Connection URIs"). It holds the password."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        if self.host.startswith("/"):
            where = {"host": self.host, "port": str(self.port), **dict(self.options)}
            return f"postgresql://{login}@/{database}?{urlencode(where, quote_via=quote, safe='')}"
        further = f"?{urlencode(self.options, quote_via=quote, safe='')}" if self.options else ""
        return f"postgresql://{login}@{self.host}:{self.port}/{database}{further}"


@dataclass(frozen=True, slots=True)
class Quota:
    """What one user may do to each broker; beyond it the broker makes it wait.

    Args:
        write: bytes a second into topics.
        read: bytes a second out of topics.
        work: percent of one of the broker's request threads.
    """

    write: int
    read: int
    work: int
