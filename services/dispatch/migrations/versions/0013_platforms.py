"""Units that stand for other platforms; tickets from elsewhere."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Units that stand for other platforms; tickets from elsewhere."""
    platform: sa.Column[str] = sa.Column("platform", sa.Text())
    op.add_column("units", platform)
    origin: sa.Column[object] = sa.Column("origin", JSONB(none_as_null=True))
    op.add_column("tickets", origin)
