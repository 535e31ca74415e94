"""Which articles answer: the hotline answers from them without a unit (A5)."""

import sqlalchemy as sa
from alembic import op

from shared.readers import show

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The articles, as heard from knowledge."""
    op.create_table(
        "articles",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("is_published", sa.Boolean(), nullable=False),
    )
    show("dispatch", "articles")
