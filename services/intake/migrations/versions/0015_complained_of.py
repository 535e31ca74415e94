"""The unit complained of can be named after a request was filed (XS 三(四))."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What an amendment named."""
    named: sa.Column[str] = sa.Column("about_unit", sa.Text())
    op.add_column("amendments", named)
