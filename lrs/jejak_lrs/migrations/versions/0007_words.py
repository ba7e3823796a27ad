"""Each event type's verb once, not in every record; warnings as words, not as an array."""

from jejak_lrs.migrations import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the plain SQL body."""
    run_file("0007_words.sql")
