"""Evidence bundles from a real ledger and a real log, checked by both verifiers."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from msgspec.structs import replace

from jejak_lrs import roles
from jejak_lrs.bundle import verify_bundle
from jejak_lrs.bundle.making import Log, Made, make
from jejak_lrs.bundle.verifying import verify
from jejak_lrs.database import Connection, Database, reading
from jejak_lrs.errors import Broken, Refuse
from jejak_lrs.ledger import appending, parties, seal
from jejak_lrs.ledger.payload import Packer
from jejak_lrs.replay.selection import Selection
from jejak_lrs.tlog.note import Signer
from jejak_schemas.parts import PersonRef
from tests import published, rows, services, world
from tests.recorded import record
from tests.world import PERSON, certificate, course, passed, registered, voided

pytestmark = pytest.mark.integration

WHO = UUID(str(PERSON.person_id))
OTHER = PersonRef(person_id=UUID("01900000-0000-7000-8000-000000000002"))
TAKEN_BACK = course("2024-01-05", activity=world.ACTIVITY.model_copy(
    update={"name": {"id": 'Garis\u2028baru\u0085 dan "kutip"'}}
))  # fmt: skip
HAPPENED = (
    registered(), TAKEN_BACK, passed("2024-02-01"), certificate("2024-03-01"),
    course("2024-03-05", learner=OTHER), voided(TAKEN_BACK), course("2024-04-01", series=None),
)  # fmt: skip
OF_PERSON = Selection(people=(WHO,))


@dataclass(frozen=True)
class House:
    """A ledger under a published log."""

    database: services.Database
    log: Log

    def connect(self, role: str = roles.AUDITOR) -> Connection:
        return reading(self.database.dsn(role))

    def bundle(self, selection: Selection = OF_PERSON, *, identities: bool = False) -> Made:
        with closing(self.connect()) as connection:
            return make(connection, selection, self.log, identities=identities)


@pytest.fixture
def fresh(writer: Database, database: services.Database, tmp_path: Path) -> House:
    """One that a test may alter."""
    record(writer, *world.usual(), *HAPPENED)
    return House(database, published.publish(writer.connection, tmp_path / "log"))


@pytest.fixture(scope="module")
def house(template: services.Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that tests only read."""
    with services.copied(template) as own, closing(Database(own.dsn(roles.WRITER))) as writer:
        record(writer, *world.usual(), *HAPPENED)
        log = published.publish(writer.connection, tmp_path_factory.mktemp("published"))
        yield House(own, log)


@pytest.fixture(scope="module")
def content(house: House) -> bytes:
    """The bundle of one person."""
    return house.bundle().content


@pytest.fixture
def seen(writer: Database, database: services.Database, tmp_path: Path) -> House:
    """A ledger in which a person was seen first under a NIP."""
    version, _ = parties.load(writer.connection)
    who = rows.newcomer("199104122015032003")
    commitment = seal.alias_commitment(who.alias.salt, "nip", who.alias.value).hex()
    said = json.dumps({"person": str(who.person_id), "alias": commitment}).encode()
    row = replace(who.row, payload=Packer().pack(said))
    who = replace(who, row=replace(row, commitment=rows.commitment_of(row, said)))
    about = rows.needing(rows.row(0), who)
    about = replace(about, commitment=rows.commitment_of(about, b"completed"))
    batch = rows.batch([about], newcomers=[who], registry_version=version)
    appending.append(writer, batch)
    return House(database, published.publish(writer.connection, tmp_path / "log"))


def both(content: bytes, key: str | None = None) -> list[str]:
    """Where both verifiers find something wrong, which must be the same places."""
    keys = [key] if key else []
    ours = [one.where for one in verify(content, keys).wrong]
    theirs = [where for where, _ in verify_bundle.check(content, keys)[1]]
    assert ours == theirs
    return ours


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resealed(files: Mapping[str, bytes]) -> bytes:
    """An archive whose manifest and seal agree with its files again, as a forger would make it."""
    content = {name: each for name, each in files.items() if name not in _OF_MANIFEST}
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: hashlib.sha256(each).hexdigest() for name, each in content.items()}
    told = json.dumps(manifest).encode()
    seal = f"{hashlib.sha256(told).hexdigest()}  manifest.json\n".encode()
    return verify_bundle.packed({"manifest.json": told, "manifest.sha256": seal, **content})


_OF_MANIFEST = ("manifest.json", "manifest.sha256")


# -- what is made -----------------------------------------------------------------------------


def test_a_bundle_holds_and_says_what_it_is(house: House) -> None:
    made = house.bundle()
    assert both(made.content) == both(made.content, house.log.keys[0]) == []
    told, _ = verify_bundle.check(made.content)
    assert f"SHA-256 of the bundle: {made.sha256}" in told
    assert made.manifest["types"] == {
        "AssessmentPassed": 1, "CertificateEarned": 1, "CourseCompleted": 2,
        "PersonRegistered": 1, "StatementVoided": 1,
    }  # fmt: skip
    assert [one["version"] for one in made.manifest["rulesets"]] == ["2026.1"]
    assert made.manifest["context"] == 2  # the ruleset and the framework
    files = files_of(made.content)
    assert {"schemas/CertificateEarned.v2.avsc", "checkpoint", "keys.txt"} <= files.keys()
    assert files["verify_bundle.py"] == Path(verify_bundle.__file__).read_bytes()
    assert len([name for name in files if name.startswith("proofs/")]) == 8
    for lang, word in (("id", "Berkas bukti"), ("en", "Evidence bundle")):
        page = files[f"summary.{lang}.html"].decode()
        assert word in page
        assert house.log.keys[0] in page


def test_the_same_selection_and_checkpoint_make_the_same_bytes(
    fresh: House, writer: Database
) -> None:
    first = fresh.bundle()
    record(writer, course("2024-07-01"))
    published.publish(writer.connection, fresh.log.folder.path)
    assert fresh.bundle() == first


def test_a_selection_by_positions_shows_that_it_is_complete(house: House) -> None:
    made = house.bundle(Selection(from_position=20, to_position=23))
    assert both(made.content) == []
    files = files_of(made.content)
    lines = files["records.jsonl"].splitlines(keepends=True)
    files["records.jsonl"] = b"".join(line for line in lines if b'"position":21,' not in line)
    del files["proofs/000000000021.tlog-proof"]
    manifest = json.loads(files["manifest.json"])
    files["manifest.json"] = json.dumps(manifest | {"records": 3}).encode()
    assert both(resealed(files)) == ["records.jsonl"]


def test_what_is_not_under_the_checkpoint_yet_is_refused_or_left_out(
    fresh: House, writer: Database
) -> None:
    record(writer, course("2024-07-01"))
    size = fresh.log.checkpoint().size
    with pytest.raises(Refuse, match=f"position {size} is not under the checkpoint"):
        fresh.bundle(Selection(to_position=size))
    assert fresh.bundle(Selection(from_position=20)).manifest["last_position"] == size - 1


def test_a_ledger_that_is_not_what_the_log_says_makes_no_bundle(
    fresh: House, superuser: Connection
) -> None:
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
    superuser.execute("UPDATE record_p0 SET party = 'bkn' WHERE position = 20")
    with pytest.raises(Broken, match="record 20 is not what the log says"):
        fresh.bundle(Selection(from_position=20))


def test_an_erased_record_is_proven_without_its_content(
    fresh: House, superuser: Connection
) -> None:
    superuser.execute("ALTER TABLE record_p0 DISABLE TRIGGER append_only")
    superuser.execute(
        "UPDATE record_p0 SET payload = NULL, salt = NULL, content_tag = NULL, person_id = NULL, "
        "agency = NULL, activity = NULL WHERE position = 20"
    )
    made = fresh.bundle(Selection(from_position=19, to_position=22))
    assert made.manifest["erased"] == 1
    assert both(made.content) == []


# -- persons' numbers -------------------------------------------------------------------------


def test_identities_go_with_a_bundle_only_when_asked_and_are_bound_to_their_seals(
    seen: House,
) -> None:
    about = Selection(types=("CourseCompleted",))
    without, made = seen.bundle(about), seen.bundle(about, identities=True)
    assert b"199104122015032003" not in without.content
    assert both(made.content) == []
    assert made.manifest["context"] == 1  # the PersonSeen that sealed the number
    files = files_of(made.content)
    files["identities.jsonl"] = files["identities.jsonl"].replace(b"199104122015", b"199104122016")
    assert both(resealed(files)) == ["identities.jsonl"]


# -- corruption -------------------------------------------------------------------------------


def flipped(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def test_four_hundred_flipped_bits_are_all_found_alike(content: bytes) -> None:
    random = Random(7)  # noqa: S311  repeatable
    for _ in range(400):
        assert both(flipped(content, random))


def test_bytes_cut_off_put_in_or_put_behind_are_found(content: bytes) -> None:
    random = Random(8)  # noqa: S311  repeatable
    for _ in range(20):
        at = random.randrange(1, len(content))
        assert both(content[:at])
        assert both(content[:at] + b"\0" + content[at:])
        assert both(content + random.randbytes(random.randrange(1, 40)))


Forge = Callable[[dict[str, bytes]], None]
FORGERIES: dict[str, Forge] = {}


def forgery(name: str) -> Callable[[Forge], Forge]:
    """Put a forgery into the table."""

    def named(made: Forge) -> Forge:
        FORGERIES[name] = made
        return made

    return named


def _replaced(files: dict[str, bytes], name: str, old: bytes, new: bytes) -> None:
    assert old in files[name]
    files[name] = files[name].replace(old, new)


def _lines(files: dict[str, bytes]) -> list[bytes]:
    return files["records.jsonl"].splitlines(keepends=True)


def _proofs(files: dict[str, bytes]) -> list[str]:
    return [name for name in files if name.startswith("proofs/")]


@forgery("another level in a statement")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "records.jsonl", b'claimed_level\\":4', b'claimed_level\\":5')


@forgery("another sender")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "records.jsonl", b'"party":"prov"', b'"party":"lain"')


@forgery("another time of storage")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "records.jsonl", b'"stored":"20', b'"stored":"19')


@forgery("a statement said to be erased")
def _(files: dict[str, bytes]) -> None:
    lines = [json.loads(line) for line in _lines(files)]
    lines[-1]["statement"] = None
    files["records.jsonl"] = b"".join(json.dumps(one).encode() + b"\n" for one in lines)


@forgery("a record left out")
def _(files: dict[str, bytes]) -> None:
    files["records.jsonl"] = b"".join(_lines(files)[1:])


@forgery("a record twice")
def _(files: dict[str, bytes]) -> None:
    files["records.jsonl"] += _lines(files)[-1]


@forgery("records in another order")
def _(files: dict[str, bytes]) -> None:
    files["records.jsonl"] = b"".join(reversed(_lines(files)))


@forgery("context passed off as chosen")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "records.jsonl", b'"chosen":false', b'"chosen":true')


@forgery("a line without its end")
def _(files: dict[str, bytes]) -> None:
    files["records.jsonl"] = files["records.jsonl"][:-1]


@forgery("a line that is no record")
def _(files: dict[str, bytes]) -> None:
    files["records.jsonl"] += b"[1]\n"


@forgery("a field more")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "records.jsonl", b'"chosen":true', b'"level":5,"chosen":true')


@forgery("two proofs exchanged")
def _(files: dict[str, bytes]) -> None:
    one, other, *_ = _proofs(files)
    files[one], files[other] = files[other], files[one]


@forgery("a proof left out")
def _(files: dict[str, bytes]) -> None:
    del files[_proofs(files)[3]]


@forgery("a proof of nothing")
def _(files: dict[str, bytes]) -> None:
    files["proofs/999999999999.tlog-proof"] = files[_proofs(files)[0]]


@forgery("a proof cut short")
def _(files: dict[str, bytes]) -> None:
    name = _proofs(files)[1]
    lines = files[name].split(b"\n")
    files[name] = b"\n".join([*lines[:2], *lines[3:]])


@forgery("a smaller tree, unsigned")
def _(files: dict[str, bytes]) -> None:
    size = json.loads(files["manifest.json"])["size"]
    old, new = f"\n{size}\n".encode(), f"\n{size - 1}\n".encode()
    for name in ("checkpoint", *_proofs(files)):
        _replaced(files, name, old, new)


@forgery("another selection")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "manifest.json", str(WHO).encode(), str(UUID(int=9)).encode())


@forgery("other counts")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "manifest.json", b'"erased": 0', b'"erased": 1')


@forgery("no checkpoint")
def _(files: dict[str, bytes]) -> None:
    del files["checkpoint"]


@forgery("no keys")
def _(files: dict[str, bytes]) -> None:
    files["keys.txt"] = b""


@forgery("another format")
def _(files: dict[str, bytes]) -> None:
    _replaced(files, "manifest.json", b"bundle/1", b"bundle/2")


@forgery("no selection")
def _(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    files["manifest.json"] = json.dumps(manifest | {"selection": {}}).encode()


def test_a_forger_who_seals_the_archive_again_is_found_alike(content: bytes) -> None:
    assert both(resealed(files_of(content))) == []
    for name, forge in FORGERIES.items():
        files = files_of(content)
        forge(files)
        assert both(resealed(files)), name


def test_forged_bits_within_the_records_name_the_record(content: bytes) -> None:
    """Each of 60 records altered in one letter or number, and the archive sealed again."""
    random = Random(9)  # noqa: S311  repeatable
    for _ in range(60):
        files = files_of(content)
        lines = _lines(files)
        at = random.randrange(len(lines))
        start = lines[at].index(b'"statement":"')
        where = random.choice(
            [i for i, byte in enumerate(lines[at]) if i > start + 13 and chr(byte).isdigit()]
        )
        line = lines[at]
        digit = b"2" if line[where : where + 1] == b"1" else b"1"
        lines[at] = line[:where] + digit + line[where + 1 :]
        files["records.jsonl"] = b"".join(lines)
        assert both(resealed(files)) == [f"record {json.loads(line)['position']}"]


def test_a_bundle_under_another_key_holds_only_until_the_key_is_compared(
    house: House, tmp_path: Path
) -> None:
    with closing(house.connect()) as connection:
        log = published.publish(connection, tmp_path / "forged", Signer.new(published.ORIGIN))
    forged = dataclasses.replace(house, log=log).bundle()
    assert both(forged.content) == []
    assert both(forged.content, house.log.keys[0]) == ["checkpoint"]


# -- a machine that has only Python ------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alone")


def test_the_one_file_runs_by_itself(house: House, alone: Path) -> None:
    made = house.bundle()
    (alone / "verify_bundle.py").write_bytes(files_of(made.content)["verify_bundle.py"])
    (alone / "bundle.zip").write_bytes(made.content)
    (alone / "forged.zip").write_bytes(made.content.replace(b'"prov"', b'"lain"'))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "verify_bundle.py", *words],
            cwd=alone, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = run("bundle.zip", "--key", house.log.keys[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("everything holds\n")
    assert "signed by the key you gave" in done.stdout
    assert "compare it with your own" in run("bundle.zip").stdout
    other = run("bundle.zip", "--key", "lain")
    assert (other.returncode, other.stderr) == (1, "")
    assert "signed by" not in other.stdout
    gone = run("gone.zip")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "cannot read gone.zip: No such file" in gone.stderr
    wrong = run("forged.zip")
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert "WRONG  " in wrong.stdout
