"""Policies and calendars, who published them, and how far a calendar was carried."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import create_law_tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_law_tables()
    op.create_table(
        "voices",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction"),
    )
    op.create_table(
        "publications",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_publications_jurisdiction", "publications", ["jurisdiction"])
    op.create_table(
        "recomputes",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("days", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("years", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("after_ticket", sa.Uuid(), nullable=False),
        sa.Column("after_step", sa.Text(), nullable=False),
        sa.Column("after_version", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("moved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index(
        "recomputes_open",
        "recomputes",
        ["started_at"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "deadlines_open",
        "deadlines",
        ["ticket_id", "step", "version"],
        postgresql_where=sa.text("state IN ('running', 'asked', 'paused')"),
    )
