"""Whether another platform passed a ticket on to this province (YN 六(三)2)."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The column; what came before keeps the time that it was given."""
    op.execute("ALTER TABLE clocks ADD COLUMN is_passed_on boolean NOT NULL DEFAULT false")
