"""Looks at numbers of persons are numbered and chained."""

from jejak_lrs.migrations import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0015_access.sql")
