"""Erasing in JSON reaches what stands below a name of words, and numbers without a letter."""

from alembic import op

from shared.erasure import Words, statement
from shared.migrations import create_without_words

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OF_ERASED = "ticket_id::text IN (SELECT subject FROM erased)"


def upgrade() -> None:
    """The function, anew; then what it left of requests that were erased before."""
    create_without_words()
    op.execute(statement(Words("progress", json=("words",), where=OF_ERASED)))
