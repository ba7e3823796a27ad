"""What an approved destruction orders can be erased, and nothing else."""

from jejak_lrs.migrations import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0012_erasure.sql")
