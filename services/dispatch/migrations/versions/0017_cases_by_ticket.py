"""Cases are listed by who sees their ticket: the index on the place helps nobody."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop it."""
    op.drop_index("cases_jurisdiction", "cases")
