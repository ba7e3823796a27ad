"""Whom a registry record reaches is looked up in pages, where they are many."""

from jejak_lrs.migrations import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0014_reach.sql")
