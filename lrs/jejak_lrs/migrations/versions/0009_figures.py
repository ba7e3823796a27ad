"""Profiles laid out in rows, views of them for BI tools, and counts published across agencies."""

from jejak_lrs.migrations import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0009_figures.sql")
