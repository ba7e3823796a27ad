"""The credentials file that the operator hands to a party: how it signs in, and where.

TOML, readable by the party alone (0600). Any Kafka client can be configured from it;
`Credentials.load` reads it for our own SDK.
"""

import ssl
import tomllib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

# Kafka keeps a password for each, so a new one can stand beside the old one.
SCRAM: Final = "SCRAM-SHA-512"
OTHER_SCRAM: Final = "SCRAM-SHA-256"


class CredentialsError(Exception):
    """The credentials file is missing or not what it must be."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaAccess(_Section):
    """How to reach the brokers, and as whom.

    With `security_protocol` SSL the certificate in `ssl_certfile` (PEM, its key before it) says who
    one is, and there is no password; `username` is what the brokers call its subject.
    """

    bootstrap_servers: str
    security_protocol: str = "SASL_PLAINTEXT"
    sasl_mechanism: str = SCRAM
    username: str
    password: SecretStr = SecretStr("")
    ssl_cafile: str = ""
    ssl_certfile: str = ""

    _reread: "Callable[[], KafkaAccess] | None" = PrivateAttr(None)

    def __eq__(self, other: object) -> bool:
        """Where it was read from makes no difference."""
        return isinstance(other, KafkaAccess) and dict(self) == dict(other)

    def __hash__(self) -> int:
        return hash(tuple(dict(self).values()))

    @property
    def by_certificate(self) -> bool:
        """Whether one signs in with a certificate."""
        return self.security_protocol == "SSL"

    def reread_by(self, reread: "Callable[[], KafkaAccess]") -> Self:
        """The same, with what reads it anew from where it is kept."""
        self._reread = reread
        return self

    def now(self) -> "KafkaAccess":
        """What to sign in with now: a running client finds a new password at its next connection.

        Itself, where it is kept nowhere, or cannot be read at this moment.
        """
        if self._reread is None:
            return self
        try:
            return self._reread()
        except Exception:  # noqa: BLE001  whatever is wrong with a file, what we had may still do
            return self

    def tls(self, *, showing: bool = True) -> ssl.SSLContext:
        """Whom to trust, and the certificate to show; CredentialsError names a file that is bad."""
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile or None)
        except OSError as exc:
            raise CredentialsError(f"ssl_cafile {self.ssl_cafile}: {exc.strerror or exc}") from exc
        if self.ssl_certfile and showing:
            try:
                context.load_cert_chain(self.ssl_certfile)
            except OSError as exc:
                why = exc.strerror or exc
                raise CredentialsError(f"ssl_certfile {self.ssl_certfile}: {why}") from exc
        elif self.by_certificate and showing:
            raise CredentialsError("ssl_certfile: without a password a certificate is needed")
        return context

    def login(self) -> dict[str, object]:
        """Whom to sign in as, in kafka-python's words."""
        said: dict[str, object] = {}
        if self.security_protocol.startswith("SASL"):
            said |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        if self.security_protocol.endswith("SSL"):
            said["ssl_context"] = self.tls()
        return said

    def renew(self, *settings: dict[str, object]) -> None:
        """Put into a client's settings what to sign in with now, where they have a place for it."""
        with suppress(CredentialsError):  # a file that is being replaced
            login = self.now().login()
            for held in settings:
                held.update({key: login[key] for key in login.keys() & held.keys()})

    def beside(self, folder: Path) -> Self:
        """The same, its files found from `folder` on."""
        names = ("ssl_cafile", "ssl_certfile")
        given = {name: getattr(self, name) for name in names}
        found = {name: str(folder / held) for name, held in given.items() if held}
        return self.model_copy(update=found)


class Topics(_Section):
    """The topics of this party; None where it has none."""

    inbox: str | None = None
    receipts: str | None = None
    changes: str | None = None
    profiles: str | None = None


class AgencyAccess(_Section):
    """What only an agency has: its match key (64 hex digits) and its read-only database login."""

    match_key: SecretStr
    database_url: SecretStr


class Credentials(_Section):
    """One party's credentials file."""

    party: str
    roles: tuple[str, ...] = ()
    kafka: KafkaAccess
    topics: Topics = Field(default_factory=Topics)
    agency: AgencyAccess | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file at `path`; CredentialsError says in one line what is wrong with it.

        Files that it names are found from its folder on. A client that is opened with it reads it
        again at each connection.
        """
        try:
            read = cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            raise CredentialsError(f"no credentials file {path}") from None
        except OSError as exc:
            raise CredentialsError(f"cannot read {path}: {exc.strerror}") from exc
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise CredentialsError(f"{path} is not TOML") from exc
        except ValidationError as exc:
            where = ".".join(str(part) for part in exc.errors()[0]["loc"])
            raise CredentialsError(f"{path}: {where}: {exc.errors()[0]['msg']}") from None
        kafka = read.kafka.beside(path.absolute().parent)
        return read.model_copy(update={"kafka": kafka.reread_by(partial(_kafka_in, path))})

    def dump(self) -> str:
        """The file's text."""
        lines = [f"party = {_quote(self.party)}", f"roles = {_list(self.roles)}"]
        for name in ("kafka", "topics", "agency"):
            section: _Section | None = getattr(self, name)
            if section is not None:
                lines += ["", f"[{name}]", *_section_lines(section)]
        return "\n".join(lines) + "\n"


def _kafka_in(path: Path) -> KafkaAccess:
    return Credentials.load(path).kafka


def refused_certificate(failure: BaseException | None) -> str:
    """Why brokers did not accept our certificate, in TLS's words; empty where it was not that.

    With TLS 1.3 they say it after the handshake, so it comes as an error of the first reading.
    """
    why = failure.args[0] if failure is not None and failure.args else None
    if not isinstance(why, ssl.SSLError) or "ALERT" not in (why.reason or ""):
        return ""
    return str(why.reason).rpartition("ALERT_")[2].replace("_", " ").lower()


def _section_lines(section: _Section) -> list[str]:
    values = {key: getattr(section, key) for key in type(section).model_fields}
    return [f"{key} = {_quote(_plain(value))}" for key, value in values.items() if value]


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quote(value) for value in values) + "]"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
