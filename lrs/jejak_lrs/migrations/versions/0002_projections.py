"""What the ledger comes to: evidence, profiles, changes; who may read them."""

from jejak_lrs.migrations import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0002_projections.sql")
