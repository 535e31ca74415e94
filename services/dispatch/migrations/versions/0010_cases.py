"""Cases of the coordination group."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_cases()
    op.create_table(
        "case_members",
        _of_case(),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("is_head", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "case_votes",
        _of_case(),
        sa.Column("subject", sa.Text(), primary_key=True),
        _lead_unit(),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "case_signatures",
        _of_case(),
        sa.Column("capacity", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        _lead_unit(),
        sa.Column("co_units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "case_serials",
        sa.Column("office", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("year", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
    )


def create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("jurisdiction", sa.Text(collation="C"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("office", "kind", "state", "reason")
        ),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("lead_unit", sa.Text(), sa.ForeignKey("units.code"), nullable=True),
        sa.Column("co_units", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("precedent_id", sa.Uuid(), sa.ForeignKey("precedents.id"), nullable=True),
        sa.Column("document", postgresql.JSONB(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("dropped_because", sa.Text(), nullable=True),
    )
    op.create_index("cases_jurisdiction", "cases", ["jurisdiction", "id"])
    op.create_index("cases_state", "cases", ["state", "id"])
    op.create_index("cases_ticket", "cases", ["ticket_id", "id"])
    op.create_index("cases_number", "cases", ["office", "number"], unique=True)
    op.create_index(
        "cases_one_open",
        "cases",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _of_case() -> sa.Column[UUID]:
    return sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True)


def _lead_unit() -> sa.Column[str]:
    return sa.Column("lead_unit", sa.Text(), sa.ForeignKey("units.code"), nullable=False)
