"""Where the services are: plain values that travel between home, provisioning and commands."""

from dataclasses import dataclass
from urllib.parse import quote

DATABASE = "jejak"


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL server: a host name, an address or a socket folder, and a port."""

    host: str
    port: int

    def dsn(self, user: str, password: str, database: str = DATABASE) -> str:
        """A libpq URL (PostgreSQL manual, "Connection URIs"). It holds the password."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        if self.host.startswith("/"):
            where = quote(self.host, safe="")
            return f"postgresql://{login}@/{database}?host={where}&port={self.port}"
        return f"postgresql://{login}@{self.host}:{self.port}/{database}"
