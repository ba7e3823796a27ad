"""Looks at numbers of persons as a tree of the published log."""

from jejak_lrs.migrations import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0019_looks.sql")
