"""A generation's evidence and profiles are tables of their own: to drop it is to drop them."""

from jejak_lrs.migrations import run_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0025_apart.sql")
