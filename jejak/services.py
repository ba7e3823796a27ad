"""Where the services of a home are, and how each of our own processes signs in to them."""

from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from jejak.addresses import DATABASE, PostgresAddress, Quota
from jejak.embedded.kafka import LOOPBACK
from jejak.embedded.postgres import socket_folder
from jejak.errors import Misuse, Retry
from jejak.framing import access_of
from jejak.home import Endpoints, Home, Secrets
from jejak.settings import Settings
from jejak_schemas.credentials import SCRAM, KafkaAccess
from jejak_schemas.registry import Access

# Our own users on Kafka beside the operator, and the name of each one's secret.
RECORDER = "recorder"
PUBLISHER = "publisher"
NOTARY = "notary"
AUDITOR = "auditor"  # a person's, not a loop's: reads what was told, and writes nothing
MEGABYTE = 1024 * 1024
OWN_USERS = (RECORDER, PUBLISHER, NOTARY, AUDITOR)


@dataclass(frozen=True, slots=True)
class Services:
    """Kafka and PostgreSQL as this process reaches them, and as parties do; perhaps a registry.

    `secrets` holds `kafka-<user>` for the operator and our own users, and `postgres-<role>`.
    """

    secrets: Secrets
    postgres: PostgresAddress
    public_postgres: PostgresAddress
    superuser: str
    bootstrap_servers: str
    public_servers: str
    security_protocol: str
    ssl_cafile: str
    operator: str
    quota: Quota
    database: str = DATABASE
    registry: Access | None = None

    def dsn(self, role: str) -> str:
        """A libpq URL for one of our roles, e.g. `jejak_writer`. It holds the password."""
        return self.postgres.dsn(role, self.secrets.get(f"postgres-{role}"), self.database)

    def superuser_dsn(self) -> str:
        """A libpq URL for set-up, which makes roles and the database."""
        password = self.secrets.get(f"postgres-{self.superuser}")
        return self.postgres.dsn(self.superuser, password, "postgres")

    def kafka(self, user: str) -> KafkaAccess:
        """How one of our own users, or the operator, signs in to Kafka: as its secret says now."""
        if self.by_certificate:
            shown = str(self.secrets.folder / f"kafka-{user}.pem")
            return self.access(user, self.bootstrap_servers, certificate=shown)
        password = self.secrets.get(f"kafka-{user}")
        return self.access(user, self.bootstrap_servers, password).reread_by(
            partial(self.kafka, user)
        )

    @property
    def by_certificate(self) -> bool:
        """Whether the brokers know users by their certificates, and so keep no passwords."""
        return self.security_protocol == "SSL"

    def access(
        self, user: str, servers: str, password: str = "", mechanism: str = SCRAM,
        certificate: str = "",
    ) -> KafkaAccess:  # fmt: skip
        """An access for `user` at `servers`."""
        return KafkaAccess(
            bootstrap_servers=servers,
            security_protocol=self.security_protocol,
            sasl_mechanism=mechanism,
            username=user,
            password=SecretStr(password),
            ssl_cafile=self.ssl_cafile,
            ssl_certfile=certificate,
        )


def services_of(home: Home, settings: Settings) -> Services:
    """The services that a home works with; Retry if they are embedded and were never started."""
    ports = Endpoints.load(home)
    if ports is None:
        if settings.embedded:
            raise Retry(f"{home.path} is not up: start it with `jejak up`")
        ports = Endpoints(0, 0, 0)
    kafka = settings.kafka_bootstrap_servers or f"{LOOPBACK}:{ports.kafka}"
    database = database_of(settings)
    postgres, public = _postgres(home, settings, ports)
    return Services(
        secrets=Secrets(settings.secrets) if settings.secrets else home.secrets,
        postgres=postgres,
        public_postgres=public,
        superuser=database.get("user", settings.database_superuser),
        bootstrap_servers=kafka,
        public_servers=settings.kafka_public_servers or kafka,
        security_protocol=settings.kafka_security_protocol,
        ssl_cafile=settings.kafka_ssl_cafile,
        operator=settings.kafka_operator,
        quota=quota_of(settings),
        database=database.get("dbname", DATABASE),
        registry=registry_of(settings),
    )


def quota_of(settings: Settings) -> Quota:
    """What a party may use of each broker."""
    return Quota(
        write=settings.party_write_mb * MEGABYTE,
        read=settings.party_read_mb * MEGABYTE,
        work=settings.party_work_percent,
    )


def registry_of(settings: Settings) -> Access | None:
    """The schema registry that is set; Misuse where its URL is none."""
    return access_of(
        settings.registry_url or "",
        settings.registry_user,
        settings.registry_password.get_secret_value(),
        settings.registry_ssl_cafile,
    )


def _postgres(
    home: Home, settings: Settings, ports: Endpoints
) -> tuple[PostgresAddress, PostgresAddress]:
    """Where we reach PostgreSQL, and where agencies do."""
    url = database_of(settings)
    host = url.pop("host", settings.database_host)
    if host is None:
        sockets = socket_folder(home.path / "postgres", ports.postgres)
        near = LOOPBACK if sockets is None else str(sockets)
        return PostgresAddress(near, ports.postgres), PostgresAddress(LOOPBACK, ports.postgres)
    port = int(url.pop("port", settings.database_port))
    options = tuple((key, held) for key, held in url.items() if key not in ("user", "dbname"))
    public = settings.database_public_host or host
    return PostgresAddress(host, port, options), PostgresAddress(public, port, options)


def database_of(settings: Settings) -> dict[str, str]:
    """What the database's URL says, by libpq's names; Misuse where it is none, or says too much."""
    if settings.database_url is None:
        return {}
    try:
        found = {key: str(held) for key, held in conninfo_to_dict(settings.database_url).items()}
    except psycopg.ProgrammingError:
        raise Misuse("JEJAK_DATABASE_URL is not a libpq URL") from None
    if "password" in found:
        raise Misuse(
            "JEJAK_DATABASE_URL holds a password: take it out, and put it into the secret "
            f"postgres-{found.get('user', settings.database_superuser)}"
        )
    if "host" not in found or settings.database_host is not None:
        raise Misuse("JEJAK_DATABASE_URL must name a host, and JEJAK_DATABASE_HOST none beside it")
    return found
