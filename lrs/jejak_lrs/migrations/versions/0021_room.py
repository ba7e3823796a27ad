"""Room in the pages of profiles for newer versions."""

from jejak_lrs.migrations import run_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0021_room.sql")
