"""Learning hours stand beside the days at the places where they count."""

from jejak_lrs.migrations import run_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0020_hours_at_places.sql")
