"""Narrow indexes of the record: by person, by party, and of what is about no person."""

from jejak_lrs.migrations import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0006_indexes.sql")
