"""What is few among many is found by an index of the few alone."""

from jejak_lrs.migrations import run_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0024_few.sql")
