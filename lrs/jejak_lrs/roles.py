"""PostgreSQL's roles: one per duty, each with its own password, and one per agency.

What each may do to which table is granted by the migrations.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jejak_lrs.database import Connection

OWNER = "jejak_owner"
MIGRATOR = "jejak_migrator"
WRITER = "jejak_writer"
PROJECTOR = "jejak_projector"
PUBLISHER = "jejak_publisher"
NOTARY = "jejak_notary"
READER = "jejak_reader"
AUDITOR = "jejak_auditor"
ERASER = "jejak_eraser"
AGENCIES = "jejak_agency"  # the group of all agencies' roles; cannot log in

LOGINS = (MIGRATOR, WRITER, PROJECTOR, PUBLISHER, NOTARY, READER, AUDITOR, ERASER)

# PostgreSQL 15 has no membership that is not also the right to SET ROLE.
_MEMBERS_WITHOUT_SET = 160_000

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,30}")

# The server's side of database._NETWORK: who is cut off must not hold its locks for long.
_NETWORK = {"tcp_user_timeout": "10s", "tcp_keepalives_idle": "5s"}
# A writer that holds locks and stops must let go (step 0 of `append`).
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    WRITER: {"idle_in_transaction_session_timeout": "5s", "lock_timeout": "5s", **_NETWORK},
    PROJECTOR: {"idle_in_transaction_session_timeout": "30s", **_NETWORK},
    PUBLISHER: {"idle_in_transaction_session_timeout": "30s", **_NETWORK},
    NOTARY: {"idle_in_transaction_session_timeout": "30s", **_NETWORK},
    READER: {"idle_in_transaction_session_timeout": "30s", "default_transaction_read_only": "on"},
    AUDITOR: {"idle_in_transaction_session_timeout": "30s"},
}
# NIPs are parameters of queries and stand in the DETAIL of an error ("failing row contains"):
# neither may reach the server's log, however the site has set its logging.
_SILENT = {
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_AGENCY_DEFAULTS = {"statement_timeout": "30s", "default_transaction_read_only": "on"}


def agency_role(code: str) -> str:
    """The role of an agency.

    Raises:
        ValueError: the code is not a party code.
    """
    if not _CODE.fullmatch(code):
        raise ValueError(f"not a party code: {code!r}")
    return f"{AGENCIES}_{code}"


def defaults(role: str) -> Mapping[str, str]:
    """The settings that a session of one of LOGINS begins with."""
    return {**_SILENT, **_DEFAULTS.get(role, {})}


def agency_defaults() -> Mapping[str, str]:
    """The settings that a session of an agency begins with."""
    return {**_SILENT, **_AGENCY_DEFAULTS}


def create_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Make every role, or bring it to what it must be. The database must belong to OWNER.

    Args:
        connection: a superuser's, to any database of the server.
        passwords: one for each of LOGINS.

    Raises:
        ValueError: a password is missing.

    Idempotent; two at once queue on an advisory lock.
    """
    missing = [role for role in LOGINS if not passwords.get(role)]
    if missing:
        raise ValueError(f"no password for {', '.join(missing)}")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('jejak_roles'))")
        _ensure(connection, OWNER, "NOLOGIN")
        _ensure(connection, AGENCIES, "NOLOGIN")
        for role in LOGINS:
            # The migrator inherits nothing: it must SET ROLE, so that all it makes is the owner's.
            inherit = "NOINHERIT" if role == MIGRATOR else "INHERIT"
            _ensure(connection, role, f"LOGIN {inherit}")
            set_password(connection, role, passwords[role])
            _set_defaults(connection, role, defaults(role))
        _grant(connection, OWNER, to=MIGRATOR)
        # So that ledger_unblock(), which runs as the owner, may see and end writers; no others.
        # The migrator, who may become the owner, must not become the writer by it.
        _grant(connection, WRITER, to=OWNER)
        if connection.info.server_version >= _MEMBERS_WITHOUT_SET:
            connection.execute(
                sql.SQL("GRANT {} TO {} WITH SET FALSE").format(
                    sql.Identifier(WRITER), sql.Identifier(OWNER)
                )
            )


def create_agency_role(connection: Connection, code: str, password: str) -> str:
    """Make an agency's read-only login, or give it this password; returns its name.

    Args:
        connection: a superuser's.
        code: the agency's party code.
        password: the new password.

    Raises:
        ValueError: the code is not a party code.
    """
    role = agency_role(code)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('jejak_roles'))")
        _ensure(connection, role, "LOGIN INHERIT")
        set_password(connection, role, password)
        _set_defaults(connection, role, agency_defaults())
        _grant(connection, AGENCIES, to=role)
    return role


def too_strong(connection: Connection) -> list[str]:
    """Those of our roles, the agencies' included, that may do what only a superuser should."""
    found = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jejak\\_%' AND (rolsuper "
        "OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) ORDER BY rolname"
    )
    return [name for (name,) in found]


def _ensure(connection: Connection, role: str, attributes: str) -> None:
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "CREATE" if found is None else "ALTER"
    connection.execute(
        sql.SQL("{} ROLE {} WITH {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION").format(
            sql.SQL(verb), sql.Identifier(role), sql.SQL(attributes)
        )
    )


def set_password(connection: Connection, role: str, password: str) -> None:
    """Give a role a password. The verifier is made here: no password can reach the server's log."""
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    )


def _set_defaults(connection: Connection, role: str, defaults: Mapping[str, str]) -> None:
    for name, value in defaults.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
            )
        )


def _grant(connection: Connection, role: str, *, to: str) -> None:
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(to)))
