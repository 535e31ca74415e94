"""Levels and the operators' queue: who sees what is handled elsewhere, and what goes first."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

QUEUE_RANK = """(CASE urgency WHEN 'critical' THEN 0 WHEN 'special' THEN 1 ELSE
    CASE WHEN is_enforcement OR request_type IN ('complaint', 'report') THEN 2 ELSE 3 END END)"""


def upgrade() -> None:
    op.execute('ALTER TABLE tickets ALTER COLUMN handled_in TYPE text COLLATE "C"')
    op.create_index(
        "tickets_handled_in",
        "tickets",
        ["handled_in", "id"],
        postgresql_where=sa.text("handled_in IS NOT NULL"),
    )
    op.create_index(
        "tickets_queue",
        "tickets",
        [sa.text(QUEUE_RANK), "accepted_at", "id"],
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_index("tickets_number", "tickets", ["number"])
