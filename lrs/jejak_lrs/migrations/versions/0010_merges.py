"""Who is one with whom, and whom such a word touches."""

from jejak_lrs.migrations import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0010_merges.sql")
