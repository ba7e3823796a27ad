"""Learning hours of a year as large as they can be said to be."""

from jejak_lrs.migrations import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0016_hours.sql")
