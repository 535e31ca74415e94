"""A request can be marked as administrative mediation after it was filed (ZY 14)."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What an amendment marked."""
    marked: sa.Column[bool] = sa.Column("is_mediation", sa.Boolean())
    op.add_column("amendments", marked)
