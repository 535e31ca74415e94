"""The clock whole: where each time starts, what moved it, limits set by law, pauses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Of a time given anew by a redo nobody wrote the start down: the round's own is the nearest.
KNOW_STARTS = """UPDATE deadlines d SET starts_at = least(d.due_at, CASE
    WHEN d.step = 'dispatch' THEN c.accepted_at
    WHEN d.rule LIKE '%after signing%' THEN coalesce(c.signed_at, c.dispatched_at, c.accepted_at)
    ELSE coalesce(c.dispatched_at, c.accepted_at) END)
FROM clocks c WHERE c.ticket_id = d.ticket_id"""
# The owner is asked when the time is over, not in its last moment.
ASK_AFTERWARDS = """UPDATE deadlines SET next_at = due_at + interval '1 microsecond'
WHERE state = 'running' AND next_at = due_at"""


def upgrade() -> None:
    op.alter_column("clocks", "accepted_at", nullable=True)
    op.add_column("clocks", sa.Column("number", sa.Text(), nullable=True))
    op.add_column("clocks", sa.Column("interim_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("clocks", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("clocks", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("clocks", sa.Column("pause_ground", sa.Text(), nullable=True))
    op.add_column("clocks", sa.Column("law_limit", JSONB(), nullable=True))
    op.add_column("deadlines", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "deadlines",
        sa.Column("adjustments", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column("deadlines", sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(KNOW_STARTS)
    op.execute(ASK_AFTERWARDS)
    op.alter_column("deadlines", "starts_at", nullable=False)
