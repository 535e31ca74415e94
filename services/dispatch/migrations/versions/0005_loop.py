"""What a ticket keeps of the loop's other ways: links, cases, levels, checked replies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXTS = ("about_unit", "override", "handled_in", "line", "link_kind", "state_before_check")
IDS = ("repeats", "main", "case_id")
MOMENTS = ("terminated_at", "withdrawn_at", "linked_at")


def upgrade() -> None:
    for name in TEXTS:
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=True))
    for name in IDS:
        op.add_column("tickets", sa.Column(name, sa.Uuid(), nullable=True))
    for name in MOMENTS:
        op.add_column("tickets", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in ("is_mediation", "needs_letter"):
        op.add_column(
            "tickets", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column("tickets", sa.Column("draft", postgresql.JSONB(), nullable=True))
    op.create_foreign_key("tickets_main", "tickets", "tickets", ["main"], ["id"])
    op.create_index(
        "tickets_linked", "tickets", ["main"], postgresql_where=sa.text("main IS NOT NULL")
    )
