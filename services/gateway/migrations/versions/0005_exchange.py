"""Messages to and from other platforms."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.clock_timestamp()
# Rows that come and go fast: the table is cleaned by count, not by share.
QUEUE = {
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "5000",
}


def upgrade() -> None:
    """Messages to and from other platforms."""
    _create_received()
    _create_outgoing()
    op.create_table(
        "exchange_states",
        sa.Column("peer", sa.Text(), primary_key=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_sent_at", MOMENT, nullable=True),
        sa.Column("last_received_at", MOMENT, nullable=True),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
    )
    op.create_index("reconciliations_peer", "reconciliations", ["peer", "id"])


def _message_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("time", MOMENT, nullable=False),
    ]


def _create_received() -> None:
    op.create_table(
        "received",
        sa.Column("from_platform", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("pruned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("said", sa.Integer(), server_default="0", nullable=False),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "received_messages",
        sa.Column("from_platform", sa.Text(), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        *_message_columns(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, server_default=NOW, nullable=False),
    )
    place = ["from_platform", "subject", "sequence"]
    op.create_index("received_messages_place", "received_messages", place, unique=True)
    op.create_index("received_messages_time", "received_messages", ["from_platform", "time"])
    op.create_index(
        "received_messages_at", "received_messages", ["received_at"], postgresql_using="brin"
    )
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("from_platform", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        *_message_columns(),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("set_aside_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.create_index("set_aside_subject", "set_aside", ["from_platform", "subject", "id"])
    op.create_table(
        "deliveries",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("from_platform", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        *_message_columns(),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        postgresql_with=QUEUE,
    )
    message = ["from_platform", "message_id"]
    op.create_index("deliveries_message", "deliveries", message, unique=True)
    op.create_index("deliveries_due", "deliveries", ["next_at"])


def _create_outgoing() -> None:
    op.create_table(
        "outgoing_subjects",
        sa.Column("peer", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_at", MOMENT, nullable=True),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "outgoing_subjects_problem",
        "outgoing_subjects",
        ["peer"],
        postgresql_where=sa.text("problem IS NOT NULL"),
    )
    op.create_table(
        "outgoing",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_message_columns(),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("queued_at", MOMENT, server_default=NOW, nullable=False),
        postgresql_with=QUEUE,
    )
    op.create_index("outgoing_peer", "outgoing", ["peer", "position"])
    op.create_index("outgoing_place", "outgoing", ["peer", "subject", "sequence"], unique=True)
    op.create_table(
        "sent",
        sa.Column("peer", sa.Text(), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        *_message_columns(),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.create_index("sent_place", "sent", ["peer", "subject", "sequence"], unique=True)
    op.create_index("sent_time", "sent", ["peer", "time"])
    op.create_index("sent_at", "sent", ["sent_at"], postgresql_using="brin")
