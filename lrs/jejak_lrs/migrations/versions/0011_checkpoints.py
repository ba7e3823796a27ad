"""What the notary has signed, and its role."""

from jejak_lrs.migrations import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0011_checkpoints.sql")
