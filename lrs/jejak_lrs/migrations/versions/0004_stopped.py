"""A partition that is stopped stays so."""

from jejak_lrs.migrations import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0004_stopped.sql")
