"""What can be set, by `JEJAK_NAME` in the environment or `name = ...` in the home's settings.toml.

The environment wins. One frozen object per process, read once by the process's composition root.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from jejak import keys
from jejak.errors import Misuse
from jejak.home import Home
from jejak_schemas.registry.access import shown

ALL: Final = "docs/operating.md, Settings, has them all"
_OTHERS: Final = {"JEJAK_HOME", keys.VARIABLE}  # read, and no settings


class Settings(BaseSettings):
    """Every key with its meaning. Secrets are files (see `secrets`), but for the registry's one."""

    model_config = SettingsConfigDict(env_prefix="JEJAK_", frozen=True, extra="ignore")

    cache: Path | None = Field(
        None, description="Folder for downloads that all homes share; default the user's cache."
    )
    secrets: Path | None = Field(
        None, description="Folder with one file per secret; default `secrets` in the home."
    )
    kafka_bootstrap_servers: str | None = Field(
        None, description="host:port of brokers, comma-separated; unset: the embedded broker."
    )
    kafka_public_servers: str | None = Field(
        None, description="What credentials files name as brokers; default the same brokers."
    )
    kafka_security_protocol: str = Field(
        "SASL_PLAINTEXT",
        description="SASL_SSL, or SSL for users by certificate, for any broker that is not here.",
    )
    kafka_ssl_cafile: str = Field("", description="File with the CA of the brokers, PEM.")
    kafka_operator: str = Field(
        "operator", description="User who may make topics, users and rights."
    )
    party_write_mb: int = Field(
        32, description="MiB a second that a party may write to each broker; then it waits.", ge=1
    )
    party_read_mb: int = Field(
        64, description="MiB a second that a party may read from each broker; then it waits.", ge=1
    )
    party_work_percent: int = Field(
        100, description="Percent of one of a broker's request threads that a party may use.", ge=1
    )
    database_url: str | None = Field(
        None,
        description="PostgreSQL as a libpq URL without a password, for TLS and the like: "
        "postgresql://ROLE@HOST:PORT/DATABASE?sslmode=verify-full; ROLE is set-up's.",
    )
    database_host: str | None = Field(
        None, description="Host or socket folder of PostgreSQL; unset: the embedded server."
    )
    database_port: int = Field(5432, description="Port of PostgreSQL.", ge=1, le=65535)
    database_public_host: str | None = Field(
        None, description="Host that agencies' credentials files name; default the same host."
    )
    database_superuser: str = Field(
        "postgres", description="Role that may make roles and databases; used by set-up only."
    )
    wal_archive: Path | None = Field(
        None,
        description="Folder to which the embedded PostgreSQL copies its log; unset: it does not.",
    )
    kafka_heap_mb: int = Field(
        512, description="Largest heap of the embedded broker, MiB.", ge=256, le=65536
    )
    recorders: int = Field(
        1,
        description="How many recorders `jejak up` starts; they divide the inboxes' partitions.",
        ge=1,
        le=64,
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address on which a loop shows metrics and health."
    )
    metrics_port: int = Field(
        0,
        description="Port for that; 0: a free one. `jejak up` gives this and the next ones.",
        ge=0,
        le=65470,
    )
    stop_seconds: float = Field(
        15.0,
        description="Seconds for the batch in hand after SIGTERM; then it is abandoned.",
        gt=0,
        le=600,
    )
    otel_share: float = Field(
        0.0,
        description="Share of all events whose traces are made, 0 to 1; the same everywhere.",
        ge=0,
        le=1,
    )
    log_folder: Path | None = Field(
        None, description="Folder of the published log; default `log` in the home."
    )
    log_origin: str = Field(
        "jejak.localhost",
        description="What the logs' names begin with: a URL without scheme; the epoch follows.",
        pattern=r"^[^\s+/]+(/[^\s+/]+)*$",
    )
    notary_seconds: float = Field(
        2.0, description="Seconds between two checkpoints, while little comes.", ge=0, le=3600
    )
    log_server_host: str = Field(
        "127.0.0.1", description="Address on which `jejak run log-server` shows the log."
    )
    log_server_port: int = Field(
        0, description="Port for that; 0: a free one, which it says.", ge=0, le=65535
    )
    witnesses: tuple[str, ...] = Field(
        (), description="Who signs checkpoints too: a list of `URL VKEY` (C2SP tlog-witness)."
    )
    registry_url: str | None = Field(
        None,
        description="Schema registry, Confluent's API; unset: none, single-object encoding.",
        repr=False,  # a password can stand in it
    )
    registry_user: str = Field("", description="User for the schema registry.")
    registry_password: SecretStr = Field(
        SecretStr(""), description="That user's password; not shown."
    )
    registry_ssl_cafile: str = Field("", description="File with the registry's CA, PEM.")

    @property
    def embedded(self) -> bool:
        """Whether Kafka or PostgreSQL is of this home, not run by others."""
        own = self.database_host is None and self.database_url is None
        return own or self.kafka_bootstrap_servers is None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file; nothing else."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, cls.model_config.get("toml_file"))
        return init_settings, env_settings, file


def load(home: Home) -> Settings:
    """The settings of a home; Misuse says in one line which key is wrong."""

    class OfHome(Settings):
        model_config = SettingsConfigDict(toml_file=home.settings_file, extra="forbid")

    try:
        return OfHome()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise Misuse(f"{home.settings_file}: no setting {key}; {ALL}") from None
        raise Misuse(f"setting {key}: {first['msg']} (JEJAK_{key.upper()})") from None
    except SettingsError as error:  # a list in the environment that is none
        raise Misuse(f'{error}: a list is written ["one", "two"]; {ALL}') from None
    except ValueError as error:
        raise Misuse(f"{home.settings_file} is not TOML: {error}") from None


def unknown(environment: Iterable[str]) -> list[str]:
    """Which variables look like ours and are none: a misspelt one would be passed over, unsaid."""
    known = {f"JEJAK_{key.upper()}" for key in Settings.model_fields} | _OTHERS
    ours = (name for name in environment if name.upper().startswith("JEJAK_"))
    return sorted(name for name in ours if name.upper() not in known)


def origins(home: Home, settings: Settings) -> dict[str, tuple[Any, str]]:
    """Each key with its value and where it came from: environment, settings.toml or default.

    A password is masked.
    """
    import os  # noqa: PLC0415  read here only, to tell where a value came from
    import tomllib  # noqa: PLC0415

    named = home.settings_file
    in_file = tomllib.loads(named.read_text("utf-8")) if named.exists() else {}
    environment = {key.upper() for key in os.environ}

    def origin(key: str) -> str:
        if f"JEJAK_{key.upper()}" in environment:
            return "environment"
        return "settings.toml" if key in in_file else "default"

    return {key: (_said(settings, key), origin(key)) for key in Settings.model_fields}


def _said(settings: Settings, key: str) -> Any:
    value = getattr(settings, key)
    if isinstance(value, SecretStr):
        return str(value) or None
    return shown(value) if key == "registry_url" and value else value
