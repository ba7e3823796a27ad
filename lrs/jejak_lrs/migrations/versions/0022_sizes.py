"""The projector may let PostgreSQL count what a rebuild has written."""

from jejak_lrs.migrations import run_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0022_sizes.sql")
