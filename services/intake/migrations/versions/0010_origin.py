"""Where a forwarded ticket is at home."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Where a forwarded ticket is at home."""
    origin: sa.Column[object] = sa.Column("origin", JSONB(none_as_null=True))
    op.add_column("tickets", origin)
