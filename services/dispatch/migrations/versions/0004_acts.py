"""Moments of the new acts, duty hours of units, precedents, and an index of returns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENTS = (
    *("answered_at", "responded_at", "result_at", "reopened_at", "interim_closed_at"),
    *("progressed_at", "promised_at", "paused_at"),
)


def upgrade() -> None:
    for moment in MOMENTS:
        op.add_column("tickets", sa.Column(moment, sa.DateTime(timezone=True), nullable=True))
    for given in ("handle_due", "law_limit"):
        op.add_column("tickets", sa.Column(given, postgresql.JSONB(), nullable=True))
    op.execute("""UPDATE tickets SET answered_at = least(signed_at, returned_at),
        responded_at = least(returned_at, replied_at), result_at = replied_at
        WHERE coalesce(signed_at, returned_at, replied_at) IS NOT NULL""")
    working = sa.Column("duty_hours", sa.Text(), server_default="working", nullable=False)
    op.add_column("units", working)
    create_precedents()
    op.create_index(
        "timeline_returns",
        "timeline",
        ["unit", "event"],
        postgresql_where=sa.text("event IN ('ticket.return_requested', 'ticket.return_decided')"),
    )


def create_precedents() -> None:
    op.create_table(
        "precedents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction", sa.Text(collation="C"), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("lead_unit", sa.Text(), nullable=False),
        sa.Column("co_units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"]),
        sa.ForeignKeyConstraint(["lead_unit"], ["units.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "precedents_of_a_kind",
        "precedents",
        ["category", "jurisdiction"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index("precedents_jurisdiction", "precedents", ["jurisdiction", "id"])
