"""Epochs after the first: which one ended which, where, why, and who said so."""

from jejak_lrs.migrations import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0005_epochs.sql")
