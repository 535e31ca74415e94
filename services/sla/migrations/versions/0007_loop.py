"""Linked tickets, and the time for an answer to a follow-up."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    linked_at = sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("clocks", linked_at)
    _create_letters()


def _create_letters() -> None:
    op.add_column(
        "clocks",
        sa.Column("needs_letter", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("extensions", sa.Column("letter", postgresql.JSONB(), nullable=True))
    op.create_table(
        "letters",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "id"),
    )
