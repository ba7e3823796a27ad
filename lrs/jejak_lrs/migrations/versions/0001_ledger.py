"""The ledger's tables, triggers, functions and grants."""

from jejak_lrs.migrations import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0001_ledger.sql")
