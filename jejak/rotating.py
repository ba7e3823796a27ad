"""New passwords in place of old ones, while everybody goes on working.

Kafka keeps two passwords of a user, one for each mechanism of SCRAM. A rotation sets the one that
is not in use: a party whose file is still the old one signs in as before, until `retire` ends that.
Whoever is connected stays connected; running clients read their file again at each connection.
"""

from pathlib import Path

from jejak.errors import Fatal, Refuse
from jejak.foundations import superuser
from jejak.home import new_password
from jejak.issuing import (
    credentials_for,
    database_secret,
    mechanism_of,
    party_secret,
    write_credentials,
)
from jejak.kafka_admin import connected
from jejak.provisioning import known_party, make_agency_logins
from jejak.services import OWN_USERS, Services
from jejak_lrs import roles
from jejak_schemas.credentials import OTHER_SCRAM, SCRAM, Credentials

PATIENCE = 10.0  # seconds for a first sign-in with a new password


def rotate(services: Services, folder: Path, code: str, *, at_once: bool = False) -> Credentials:
    """Give a party a new password and file; the old password holds on until `retire`.

    With `at_once` nobody can sign in with the old one any more, and an agency gets a new password
    for its database role, which can only have one. The match key stays: what was sent under it
    could otherwise no longer be joined.

    Refuse if the home has no such party, if it has no password, or if the brokers take one
    mechanism only.
    """
    party = known_party(folder, code)
    _need_passwords(services)
    current = mechanism_of(services, code)
    chosen = current if at_once else _other(current)
    password = new_password()
    with connected(services.kafka(services.operator)) as admin:
        admin.set_passwords({code: password}, chosen)
        if at_once:
            admin.remove_passwords([code], _other(chosen))
    if not at_once:
        _try_it(services, code, password, chosen)
    services.secrets.put(party_secret(code, chosen), password)
    if chosen == SCRAM:
        services.secrets.remove(party_secret(code, OTHER_SCRAM))
    if at_once and party.is_agency:
        services.secrets.put(database_secret(code), new_password())
    credentials = credentials_for(services, party)
    if at_once:
        make_agency_logins(services, [credentials])
    write_credentials(folder, credentials)
    return credentials


def retire(services: Services, folder: Path, code: str) -> None:
    """End the password that a party had before its last rotation; again does no harm."""
    known_party(folder, code)
    _need_passwords(services)
    with connected(services.kafka(services.operator)) as admin:
        admin.remove_passwords([code], _other(mechanism_of(services, code)))


def rotate_own(services: Services) -> None:
    """Give the loops' and commands' own users and roles new passwords; they find them by reading.

    A loop that connects between the two halves of one change is refused once, and tries again or
    is started again by its supervisor.
    """
    if not services.by_certificate:
        with connected(services.kafka(services.operator)) as admin:
            for user in OWN_USERS:
                password = new_password()
                admin.set_passwords({user: password})
                services.secrets.put(f"kafka-{user}", password)
    with superuser(services) as connection:
        for role in roles.LOGINS:
            password = new_password()
            roles.set_password(connection, role, password)
            services.secrets.put(f"postgres-{role}", password)


def _other(mechanism: str) -> str:
    return OTHER_SCRAM if mechanism == SCRAM else SCRAM


def _need_passwords(services: Services) -> None:
    if services.by_certificate:
        raise Refuse(
            "parties sign in with certificates here: put the new one in place of the old one, "
            "it is shown at the next connection"
        )


def _try_it(services: Services, code: str, password: str, mechanism: str) -> None:
    """Sign in once with the new password, before anybody is handed it."""
    access = services.access(code, services.bootstrap_servers, password, mechanism)
    try:
        with connected(access, PATIENCE):
            pass
    except Fatal as error:
        raise Refuse(
            f"the brokers do not take {mechanism} beside {_other(mechanism)}: add it to "
            "sasl.enabled.mechanisms, or rotate with --at-once"
        ) from error
