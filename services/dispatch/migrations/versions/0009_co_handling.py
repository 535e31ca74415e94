"""Co-handling units, heard attachments, units' contacts and notices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import create_notice_tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    none = sa.text("'{}'")
    op.add_column(
        "tickets",
        sa.Column("co_units", postgresql.ARRAY(sa.Text()), server_default=none, nullable=False),
    )
    _create_co_handlers()
    _create_attachments()
    _create_contacts()
    create_notice_tables()


def _create_co_handlers() -> None:
    op.create_table(
        "co_handlers",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("reply", postgresql.JSONB(), nullable=True),
        sa.Column("replied_at", MOMENT, nullable=True),
        sa.Column("replied_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"]),
        sa.ForeignKeyConstraint(["unit"], ["units.code"]),
        sa.PrimaryKeyConstraint("ticket_id", "round", "unit"),
    )
    op.create_index(
        "co_handlers_unit",
        "co_handlers",
        ["unit", "ticket_id"],
        postgresql_where=sa.text("is_open"),
    )


def _create_attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "id"),
    )


def _create_contacts() -> None:
    op.create_table(
        "unit_contacts",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("duty_hours", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.code"]),
        sa.PrimaryKeyConstraint("unit", "kind", "address"),
    )
    op.create_index("unit_contacts_address", "unit_contacts", ["address"])
