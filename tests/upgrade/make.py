"""Made tests/upgrade/home.tar.xz: a whole home of an earlier Jejak, small enough to be kept.

Run once, by the Python of a clone of that commit, so that nothing in it is of newer code:

    OLD/.venv/bin/python tests/upgrade/make.py tests/upgrade/home.tar.xz

It holds settings, credentials, Kafka's folder, a journal of `jejak emit`, an agency's place in its
changes, and the database as `pg_dumpall` writes it; no path of where it was made. All its passwords
are the same word, its match keys the hashes of public codes: it never was anybody's.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jejak import services
from jejak.embedded import postgres
from jejak.home import Endpoints, Home
from jejak_lrs import roles

PASSWORD = "of-before"
AGENCY, JOURNAL = "2060", "8410"
# In the order of their phases: who registers, rules and publishes before who teaches.
PARTIES = {
    "bkn": "bkn",
    "panrb": "panrb",
    "lan": "lan",
    AGENCY: "agency",
    JOURNAL: "agency",
    "pusdiklat-setneg": "provider",
    "puslatbang-kmp": "provider",
    "puspenkom-bkn": "assessor",
}
LEFT_OUT = ("postgres", "run", "events", "log", "server.properties")
JEJAK = str(Path(sys.executable).with_name("jejak"))


def main(archive: Path) -> None:
    """Make it."""
    with tempfile.TemporaryDirectory(prefix="jejak-before-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user goes through it
        home = Home(Path(folder) / "home")
        home.make()
        set_up(home)
        with up(home):
            add_parties(home)
            emit(home)
            told = settled(home)
        with up(home, "--services-only"):
            dump(home)
        (home.path / "told.json").write_text(json.dumps(told, indent=1))
        pack(home, archive)
    sys.stdout.write(f"{archive}: {archive.stat().st_size:,} bytes, head {told['head']}\n")


def set_up(home: Home) -> None:
    """Settings, and passwords that are no secrets."""
    home.settings_file.write_text("kafka_heap_mb = 256\nrecorders = 2\n")
    names = [f"kafka-{user}" for user in ("operator", *services.OWN_USERS)]
    names += [f"postgres-{role}" for role in ("postgres", *roles.LOGINS)]
    names += [f"{kind}-{party}" for kind in ("party", "agency") for party in PARTIES]
    for name in names:
        home.secrets.put(name, PASSWORD)
    for party in (AGENCY, JOURNAL):
        home.secrets.put(f"match-key-{party}", hashlib.sha256(party.encode()).hexdigest())


@contextmanager
def up(home: Home, *options: str) -> Iterator[None]:
    """`jejak up`, until the end of the block."""
    command = [JEJAK, "up", "--home", str(home.path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        heard = []
        for line in process.stderr:
            heard.append(line)
            if line.startswith("up;"):
                break
        else:
            raise AssertionError("".join(heard))
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


def jejak(home: Home, *words: str, fine: tuple[int, ...] = (0,)) -> str:
    """What a command of that Jejak answers."""
    command = [JEJAK, *words, "--home", str(home.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in fine, (words, done.returncode, done.stderr)
    return done.stdout


def add_parties(home: Home) -> None:
    """The few institutions."""
    for code, role in PARTIES.items():
        jejak(home, "party", "add", code, "--role", role, "--partitions", "1")


def emit(home: Home) -> None:
    """What they say of a nation: of the persons who are spoken of, registered before."""
    folder = home.path / "events"
    folder.mkdir()
    made = ["simulate", "--people", "1", "--events", "100", "--seed", "2026", "--out", f"{folder}/"]
    subprocess.run([JEJAK, *made], check=True, capture_output=True)
    lines = {party: (folder / f"{party}.jsonl").read_text().splitlines() for party in PARTIES}
    others = "\n".join(line for party in PARTIES if party != "bkn" for line in lines[party])
    lines["bkn"] = [line for line in lines["bkn"] if wanted(json.loads(line), others)]
    for party in PARTIES:
        kept = home.path if party == JOURNAL else folder
        file = kept / f"{party}.jsonl"
        file.write_text("\n".join(lines[party]) + "\n")
        jejak(home, "emit", str(file), "--identity", party, fine=(0, 1))  # 1: some are refused
    jejak(home, "watch", "--identity", AGENCY, "--from-start", "--idle", "3")


def wanted(event: dict[str, Any], others: str) -> bool:
    """Whether an event of the registry's is of somebody who occurs."""
    if event["event"] != "PersonRegistered":
        return True
    return any(str(held) in others for held in event["person"].values())


def settled(home: Home) -> dict[str, Any]:
    """What the old Jejak says of itself once every loop stands where the ledger does."""
    for _ in range(600):
        said = json.loads(jejak(home, "status", "--json"))
        if not said["refold"] and not any(one["behind"] for one in said["cursors"].values()):
            break
        time.sleep(0.1)
    jejak(home, "audit", "check", "--books")
    return {name: said[name] for name in ("head", "outcomes", "quarantine")}


def dump(home: Home) -> None:
    """Roles and database, as plain SQL."""
    ports = Endpoints.load(home)
    assert ports is not None
    dumped = subprocess.run(
        [postgres.programs() / "pg_dumpall", "--username=postgres"],
        env={
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(ports.postgres),
            "PGPASSWORD": PASSWORD,
        },
        capture_output=True,
        check=True,
    )
    (home.path / "postgres.sql").write_bytes(dumped.stdout)


def pack(home: Home, archive: Path) -> None:
    """The home without what is made anew at each start, and names the folder it is in."""

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if Path(member.name).name in LEFT_OUT else member

    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for path in sorted(home.path.iterdir()):
            packed.add(path, path.name, filter=kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
