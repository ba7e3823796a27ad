"""A rebuild makes a generation of the projection beside the one that is read."""

from jejak_lrs.migrations import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0013_rebuild.sql")
