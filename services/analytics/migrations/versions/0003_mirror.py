"""What other platforms report."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = ("number", "jurisdiction", "request_type", "urgency", "channel", "category", "unit")
STATES = ("state", "state_before")
TIMES = ("filed_at", "dispatched_at", "signed_at", "replied_at", "closed_at")


def upgrade() -> None:
    """What other platforms report."""
    op.create_table(
        "mirrored_tickets",
        sa.Column("platform", sa.Text(), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in (*TEXTS, *STATES)),
        sa.Column("day", sa.Date(), nullable=True),
        *(sa.Column(name, MOMENT, nullable=True) for name in TIMES),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("is_solved", sa.Boolean(), nullable=True),
        sa.Column("has_origin", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("mirrored_tickets_day", "mirrored_tickets", ["platform", "day"])
