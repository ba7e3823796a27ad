"""What a party is handed: its credentials file, and the secrets that stand in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from jejak.private import private_folder, write_private
from jejak.services import Services
from jejak_lrs import roles
from jejak_schemas.credentials import (
    OTHER_SCRAM,
    SCRAM,
    AgencyAccess,
    Credentials,
    KafkaAccess,
)

if TYPE_CHECKING:
    from jejak.provisioning import NewParty


def credentials_for(services: Services, party: "NewParty") -> Credentials:
    """The credentials of a party: those it has, with today's addresses, or new ones."""
    agency = agency_access(services, party.code) if party.is_agency else None
    return Credentials(
        party=party.code,
        roles=party.roles,
        kafka=party_access(services, party.code),
        topics=party.topics,
        agency=agency,
    )


def party_access(services: Services, code: str) -> KafkaAccess:
    """How a party signs in to Kafka: by the password that is in use, or by its certificate.

    The certificate is its own: it puts it, with its key, beside its credentials file.
    """
    where = services.public_servers
    if services.by_certificate:
        return services.access(code, where, certificate=f"{code}.pem")
    mechanism = mechanism_of(services, code)
    password = services.secrets.ensure(party_secret(code, mechanism))
    return services.access(code, where, password, mechanism)


def mechanism_of(services: Services, code: str) -> str:
    """The mechanism whose password is in a party's file: rotations take turns."""
    turned = services.secrets.has(party_secret(code, OTHER_SCRAM))
    return OTHER_SCRAM if turned else SCRAM


def agency_access(services: Services, code: str) -> AgencyAccess:
    """What only an agency is handed: its match key and its read-only login."""
    key = services.secrets.ensure_key(match_key_secret(code))
    password = services.secrets.ensure(database_secret(code))
    url = services.public_postgres.dsn(roles.agency_role(code), password, services.database)
    return AgencyAccess(match_key=SecretStr(key), database_url=SecretStr(url))


def party_secret(code: str, mechanism: str = SCRAM) -> str:
    """The name of the secret that is a party's password on Kafka; no code has a point in it."""
    return f"party-{code}" if mechanism == SCRAM else f"party-{code}.sha-256"


def match_key_secret(code: str) -> str:
    """The name of the secret that is an agency's match key; the publisher reads it too."""
    return f"match-key-{code}"


def match_keys(services: Services) -> dict[str, bytes]:
    """The match key of every agency that has one, by its code."""
    prefix = match_key_secret("")
    found = (path.name for path in services.secrets.folder.glob(f"{prefix}*"))
    return {name.removeprefix(prefix): bytes.fromhex(services.secrets.get(name)) for name in found}


def database_secret(code: str) -> str:
    """The name of the secret that is the password of an agency's database role."""
    return f"agency-{code}"


def write_credentials(folder: Path, credentials: Credentials) -> None:
    """Write a party's credentials file, 0600."""
    write_private(private_folder(folder) / f"{credentials.party}.toml", credentials.dump())


def known_parties(folder: Path) -> list[Credentials]:
    """The credentials files of a home, by party."""
    return [Credentials.load(path) for path in sorted(folder.glob("*.toml"))]
