"""The credentials file that the operator hands to a party: how it signs in, and where.

TOML, readable by the party alone (0600). Any Kafka client can be configured from it;
`Credentials.load` reads it for our own SDK.
"""

import tomllib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError


class CredentialsError(Exception):
    """The credentials file is missing or not what it must be."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaAccess(_Section):
    """How to reach the brokers, and as whom."""

    bootstrap_servers: str
    security_protocol: str = "SASL_PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    username: str
    password: SecretStr
    ssl_cafile: str = ""


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
        """Read the file at `path`; CredentialsError says in one line what is wrong with it."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            raise CredentialsError(f"no credentials file {path}") from None
        except OSError as exc:
            raise CredentialsError(f"cannot read {path}: {exc.strerror}") from exc
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise CredentialsError(f"{path} is not TOML") from exc
        except ValidationError as exc:
            where = ".".join(str(part) for part in exc.errors()[0]["loc"])
            raise CredentialsError(f"{path}: {where}: {exc.errors()[0]['msg']}") from None

    def dump(self) -> str:
        """The file's text."""
        lines = [f"party = {_quote(self.party)}", f"roles = {_list(self.roles)}"]
        for name in ("kafka", "topics", "agency"):
            section: _Section | None = getattr(self, name)
            if section is not None:
                lines += ["", f"[{name}]", *_section_lines(section)]
        return "\n".join(lines) + "\n"


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
