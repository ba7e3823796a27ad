"""A ledger and the folder of its log, for tests of the notary; and the notary as a process.

What the logs must hold is taken from the ledger by another way, and hashed by the RFC's own words.
"""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jejak_consumers.follower import Follower
from jejak_consumers.notary import Notarising
from jejak_lrs import access, failpoint, roles
from jejak_lrs.audit import leaf
from jejak_lrs.database import Connection, Database
from jejak_lrs.ledger import history, inboxes
from jejak_lrs.ledger.appending import append
from jejak_lrs.notary import checkpoints
from jejak_lrs.notary.checkpoints import LOOKS, OUTCOMES, RECORDS, TREES, Name
from jejak_lrs.notary.notary import Notary
from jejak_lrs.tlog import checkpoint, note
from jejak_lrs.tlog.checkpoint import Checkpoint
from jejak_lrs.tlog.keys import Keys
from jejak_lrs.tlog.note import Signer
from tests import naive_merkle, rows, services, tiling
from tests.torture import nursery
from tests.torture.nursery import Program

if TYPE_CHECKING:
    from jejak_lrs.ledger.batch import Item

BASE = "log.example/jejak"
KEYS = Keys(Signer.new("jejak"))
ALL = 1_000_000  # more than any test has
MADE_AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@dataclass
class Site:
    """A ledger, and the folder of its log."""

    own: services.Database
    folder: Path
    keys: Keys = KEYS
    base: str = BASE

    def happen(self, records: int, refusals: int = 0) -> None:
        """Records and refusals, in one append."""
        with closing(Database(self.own.dsn(roles.WRITER))) as writer:
            inbox = inboxes.all_inboxes(writer.connection)[0]
            start, past = inbox.next_offset, inbox.next_offset + records
            items: list[Item] = [rows.row(offset) for offset in range(start, past)]
            items += [rows.refused(offset) for offset in range(past, past + refusals)]
            append(writer, rows.batch(items, start=start, end=past + refusals))

    def look(self, times: int) -> None:
        """Somebody looks at numbers of persons."""
        with closing(Database(self.own.dsn(roles.AUDITOR))) as auditor:
            for number in range(times):
                access.record(auditor.connection, who="siti", what=f"{number}", purpose="pengaduan")

    @contextmanager
    def opened(self, most: int = 100) -> Iterator[tuple[Notary, Connection]]:
        """A notary at its place."""
        with closing(Database(self.own.dsn(roles.NOTARY))) as own:
            notary = Notary(self.folder, self.base, self.keys, most)
            notary.open(own.connection)
            yield notary, own.connection

    def sign(self) -> None:
        """Let a notary do all there is to do, as its loop does."""
        with self.opened() as (notary, connection):
            with connection.transaction():
                notary.keep(connection, notary.unkept, MADE_AT)
            goal = checkpoints.goal(connection)
            while notary.waiting(goal):
                signed = notary.grow(notary.read(connection, goal))
                with connection.transaction():
                    notary.keep(connection, signed, MADE_AT)

    def entries(self) -> dict[Name, list[bytes]]:
        """What the logs must hold, from the ledger by another way."""
        with closing(Database(self.own.dsn(roles.READER))) as reader:
            records = history.records(reader.connection, -1, ALL)
            outcomes = history.outcomes(reader.connection, -1, ALL)
            looks = reader.connection.execute(
                "SELECT number, at, id, chain FROM access ORDER BY number"
            ).fetchall()
        return {
            RECORDS: [
                leaf.record_entry(r.position, r.statement_id, r.stored, r.party, r.commitment)
                for r in records
            ],
            OUTCOMES: [
                leaf.outcome_entry(o.number, o.at_position, o.stored, o.party, o.commitment)
                for o in outcomes
            ],
            LOOKS: [leaf.look_entry(*look) for look in looks],
        }

    def files(self) -> dict[str, bytes]:
        """What lies in the folder."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and ".new" not in path.parts
        }

    def head(self, tree: Name = RECORDS) -> Checkpoint:
        """The signed head of a tree."""
        signed = (self.folder / checkpoints.below(tree) / "checkpoint").read_text("utf-8")
        text = note.parts(signed)[0]
        return checkpoint.opened(signed, *self.keys.verifiers(text.partition("\n")[0]))

    def table(self) -> list[tuple[str, int]]:
        """Trees and sizes in the table, in order."""
        with closing(Database(self.own.dsn(roles.READER))) as reader:
            found = checkpoints.after(reader.connection, -1, 100)
        return [(one.tree, one.size) for one in found]

    def wrong(self, of_table: int = ALL) -> list[str]:
        """What of the published logs, or of the table's last rows, is not as the ledger says."""
        entries, found, wrong = self.entries(), self.files(), list[str]()
        sizes = dict.fromkeys(TREES, 0)
        for tree in TREES:
            below = f"{checkpoints.below(tree)}/".removeprefix("/")
            if f"{below}checkpoint" not in found:
                continue
            head = self.head(tree)
            sizes[tree] = head.size
            if head.root != naive_merkle.mth(entries[tree][: head.size]):
                wrong.append(f"the root of {tree} {head.size}")
            expected = tiling.files_of(entries[tree][: head.size])
            wrong += [
                f"{below}{path}"
                for path, content in expected.items()
                if found.get(f"{below}{path}") != content
            ]
        with closing(Database(self.own.dsn(roles.READER))) as reader:
            table = checkpoints.after(reader.connection, -1, ALL)
        wrong += [
            f"the table's {one.tree} {one.size}"
            for one in table[-of_table:]
            if one.size > sizes[one.tree]
            or one.root != naive_merkle.mth(entries[one.tree][: one.size])
        ]
        return wrong

    def start(self, spec: str = "never") -> Program:
        """A notary that does all there is to do, or strikes at a failpoint."""
        words = self.own.dsn(roles.NOTARY), str(self.folder), self.keys.current.secret, spec
        return nursery.start("notary", main, *words, log=self.said_in, environment={})

    @property
    def said_in(self) -> Path:
        """Where the started notaries say what they have to say."""
        return self.folder.with_suffix(".said")

    def ended(self, program: Program) -> int:
        """The code that it ends with."""
        program.process.join(120)
        assert program.process.exitcode is not None, "it does not end"
        return program.process.exitcode

    def killed(self, program: Program) -> bool:
        """Whether it struck at its failpoint; it MUST have ended well otherwise."""
        code = self.ended(program)
        assert code in (0, -signal.SIGKILL), self.said_in.read_text("utf-8")
        return code == -signal.SIGKILL

    def finish(self) -> None:
        """Let a fresh notary do all there is to do; it MUST end well."""
        assert not self.killed(self.start())


def main(dsn: str, folder: str, key: str, spec: str) -> None:
    """Step as the loop does, without the lock that keeps a second copy waiting."""
    failpoint.arm(failpoint.parse(spec))
    notary = Notary(Path(folder), BASE, Keys(Signer.parse(key)), most=100)
    follower = Follower(Database(dsn), Notarising(notary, lambda _epoch, _logs: {}, every=0.0))
    while follower.step():
        pass
