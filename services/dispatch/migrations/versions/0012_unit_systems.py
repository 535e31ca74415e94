"""Units that have a system of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    flag: sa.Column[bool] = sa.Column(
        "has_system", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("units", flag)
