"""An erasure beside a rebuild."""

from jejak_lrs.migrations import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0018_erased_beside.sql")
