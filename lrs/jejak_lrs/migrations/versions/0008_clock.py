"""A day on which something in a profile begins or ends is announced on that day."""

from jejak_lrs.migrations import run_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0008_clock.sql")
