"""Files of other platforms that were left out: since when, and a way to list them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When each was left out, and an index over those alone."""
    op.add_column("files_in", sa.Column("left_out_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "files_in_left_out",
        "files_in",
        ["ticket_id", "origin_attachment"],
        postgresql_where=sa.text("state = 'left_out'"),
    )
