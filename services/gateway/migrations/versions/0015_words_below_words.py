"""Erasing in JSON reaches what stands below a name of words, and numbers without a letter."""

from shared.migrations import create_without_words

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The function, anew."""
    create_without_words()
