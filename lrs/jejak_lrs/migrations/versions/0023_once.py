"""What an agency sees is asked once a query, and found by an index; so is what a record acts on."""

from jejak_lrs.migrations import run_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0023_once.sql")
