"""docs/analyst.md says what is there: every view that an agency may read, column by column."""

import re
from pathlib import Path

import pytest

from jejak_lrs.database import Connection

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "analyst.md").read_text("utf-8")
VIEWS = PAGE.split("## Views for BI tools")[1]


def described() -> dict[str, list[tuple[str, str]]]:
    """Each view of the page, with its columns and their types, in order."""
    sections = re.split(r"^### (\w+)$", VIEWS, flags=re.MULTILINE)[1:]
    row = re.compile(r"^\| (\w+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
    return {
        name: [found for found in row.findall(text) if found[0] != "column"]
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }


def test_the_page_describes_every_column_of_every_view_and_no_other(superuser: Connection) -> None:
    found = superuser.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relkind = 'v' "
        "AND c.relnamespace = 'public'::regnamespace "
        "AND has_table_privilege('jejak_agency', c.oid, 'SELECT') ORDER BY c.relname, a.attnum"
    )
    views: dict[str, list[tuple[str, str]]] = {}
    for view, column, kind in found:
        views.setdefault(view, []).append((column, kind))
    assert described() == views


def test_every_view_runs_with_the_rights_of_whoever_reads_it(superuser: Connection) -> None:
    options = superuser.execute(
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' "
        "AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert {name for name, said in options if "security_invoker=true" not in (said or [])} == set()


def test_the_query_of_the_page_runs(superuser: Connection) -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", VIEWS, re.DOTALL)
    assert superuser.execute(query).fetchall() == []
