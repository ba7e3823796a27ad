"""What people do with quarantine, and who looked at a person's number."""

from jejak_lrs.migrations import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0003_access.sql")
