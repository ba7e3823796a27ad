"""The house stands as docs/architecture.md draws it: who may import whom, and nothing at import.

Source: the design's "Who may import whom".
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "jejak_schemas": ROOT / "schemas/jejak_schemas",
    "jejak_producers": ROOT / "producers/jejak_producers",
    "jejak_lrs": ROOT / "lrs/jejak_lrs",
    "jejak_consumers": ROOT / "consumers/jejak_consumers",
    "jejak": ROOT / "jejak",
}
MAY_IMPORT = {
    "jejak_schemas": set(),
    "jejak_producers": {"jejak_schemas"},
    "jejak_lrs": {"jejak_schemas"},
    "jejak_consumers": {"jejak_schemas", "jejak_lrs"},
    "jejak": {"jejak_schemas", "jejak_producers", "jejak_lrs", "jejak_consumers"},
}
SPEAKS_KAFKA = {
    "jejak_producers": "kafka",
    "jejak_consumers": "kafka",
    "jejak": "kafka_admin",
}
PURE = [
    *(ROOMS["jejak_schemas"] / name for name in ("statement.py", "resolve.py", "submission.py")),
    *(ROOMS["jejak_schemas"] / name for name in ("xapi.py", "chain.py")),
    *sorted((ROOMS["jejak_schemas"] / "events").glob("*.py")),
    *(ROOMS["jejak_lrs"] / "ledger" / name for name in ("seal.py", "payload.py")),
    *sorted((ROOMS["jejak_lrs"] / "competency").glob("*.py")),
    *sorted((ROOMS["jejak_lrs"] / "tlog").glob("*.py")),
    ROOMS["jejak_lrs"] / "audit" / "leaf.py",
    ROOMS["jejak_consumers"] / "chain.py",
]
INPUT_OUTPUT = {"kafka", "psycopg", "sqlalchemy", "socket", "subprocess", "threading", "requests"}
PLAIN = [
    "jejak_schemas.statement",
    "jejak_schemas.documents",
    "jejak_producers",
    "jejak_consumers.subscriber",
    "jejak_consumers.roster",
    "jejak.cli",
]
SERVER_ONLY = ["sqlalchemy", "psycopg", "alembic", "msgspec", "orjson", "zstandard", "structlog"]
every_room = pytest.mark.parametrize("room", ROOMS)


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@every_room
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    others = set(ROOMS) - {room} - MAY_IMPORT[room]
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in ROOMS[room].rglob("*.py")
        for name in imported(path)
        if name in others
    }
    assert not wrong


@every_room
def test_one_module_or_package_of_a_room_speaks_kafka(room: str) -> None:
    speakers = {
        path.relative_to(ROOMS[room]).parts[0]
        for path in ROOMS[room].rglob("*.py")
        if "kafka" in imported(path)
    }
    assert speakers <= {SPEAKS_KAFKA.get(room)}


@pytest.mark.parametrize(("room", "least"), [("jejak_producers", 6), ("jejak_consumers", 10)])
def test_the_list_of_kafka_traps_names_code_that_is_there(room: str, least: int) -> None:
    package = ROOMS[room] / "kafka"
    listed = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    traps = listed.partition("Traps of the library")[2]
    named = re.findall(r"`(\w+)\.(\w+)`", traps)
    homes = (package, ROOMS[room], ROOMS["jejak_schemas"])
    missing = [
        f"{module}.{name}"
        for module, name in named
        if not any(defines(home / f"{module}.py", name) for home in homes)
    ]
    assert len(named) >= least
    assert not missing


def defines(module: Path, name: str) -> bool:
    """Whether there is such a module, and a class or function of that name in it."""
    defined = re.compile(rf"^(class|def) {name}\b", re.MULTILINE)
    return module.is_file() and defined.search(module.read_text("utf-8")) is not None


def test_the_architecture_names_every_folder_of_the_record() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    folders = {path.parent.name for path in ROOMS["jejak_lrs"].glob("*/__init__.py")}
    assert len(folders) > 10
    assert {name for name in folders if f"`{name}/`" not in page} == set()


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_a_pure_module_imports_no_input_or_output(path: Path) -> None:
    assert not set(imported(path)) & INPUT_OUTPUT


def test_the_plain_install_needs_no_server_library() -> None:
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in SERVER_ONLY)
    program = f"import sys; {blocked}; import {', '.join(PLAIN)}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_committed_names_a_registry_host_or_a_path_of_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    hosts = ["py" + "pi.org", "python" + "hosted", "repo1.ma" + "ven", "repo.ma" + "ven.apache"]
    pattern = re.compile("|".join(map(re.escape, hosts)) + r"|/(work|root)/\w+")
    guilty = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".zdict", ".png"}:
            text = path.read_text("utf-8", errors="replace")
            guilty += [f"{name}: {found.group()}" for found in pattern.finditer(text)]
    assert not guilty


NAMED = re.compile(r"\b(docs/[a-z/-]+\.md)(?:, ([A-Z][\w' -]+))?")


@every_room
def test_the_pages_and_headings_that_the_code_sends_people_to_are_there(room: str) -> None:
    for path in sorted(ROOMS[room].rglob("*.py")):
        for page, heading in NAMED.findall(path.read_text("utf-8")):
            assert (ROOT / page).is_file(), (path, page)
            heads = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
            assert not heading or any(map(heading.startswith, heads)), (path, page, heading)
