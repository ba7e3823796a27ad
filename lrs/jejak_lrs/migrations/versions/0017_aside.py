"""What figures cannot be made of."""

from jejak_lrs.migrations import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0017_aside.sql")
