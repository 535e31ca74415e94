"""The audit, with the looks at callers that were written down before it, and erasure."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import create_audit_tables
from shared.personal import redact

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
BATCH = 5_000
LOOKS = sa.text("""SELECT id, at, by, purpose, coalesce(ticket_id, caller_id)::text AS subject,
    CASE WHEN ticket_id IS NULL THEN 'caller.looked_up' ELSE 'caller.revealed' END AS action
FROM looks WHERE id > :after ORDER BY id LIMIT :limit""")
NOTE = sa.text("""INSERT INTO audit (at, action, subject, by, purpose, detail)
VALUES (:at, :action, :subject, :by, :purpose, '{}')""")
ENDED = """UPDATE tickets t SET ended_at = (
    SELECT max(p.at) FROM progress p WHERE p.ticket_id = t.id)
WHERE state IN ('closed', 'terminated', 'withdrawn')"""


def upgrade() -> None:
    create_audit_tables()
    connection, after = op.get_bind(), 0
    while rows := connection.execute(LOOKS, {"after": after, "limit": BATCH}).mappings().all():
        connection.execute(NOTE, [dict(row) | {"purpose": redact(row["purpose"])} for row in rows])
        after = rows[-1]["id"]
    op.drop_table("looks")
    op.add_column("tickets", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(ENDED)
    op.create_index(
        "tickets_ended",
        "tickets",
        [sa.text("coalesce(ended_at, accepted_at)")],
        postgresql_where=sa.text(
            "erased_at IS NULL AND state IN "
            "('refused', 'answered', 'handed_over', 'closed', 'terminated', 'withdrawn')"
        ),
    )
