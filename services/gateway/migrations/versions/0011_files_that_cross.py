"""Files of tickets that crossed: what other platforms may fetch here, and what we fetch there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.clock_timestamp()
IS_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Files of ours that others were told of, and files of others."""
    op.create_table(
        "files_out",
        sa.Column("peer", sa.Text(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("attachment", sa.Uuid(), primary_key=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("told", JSONB(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
    )
    op.create_index("files_out_sha256", "files_out", ["peer", "sha256"])
    op.create_index("files_out_ticket", "files_out", ["ticket_id"])
    op.create_table(
        "files_in",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("origin_attachment", sa.Uuid(), primary_key=True),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "media_type")),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attachment", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
    )
    op.create_index("files_in_waiting", "files_in", ["next_at"], postgresql_where=IS_WAITING)
    op.create_index("files_in_peer", "files_in", ["peer"], postgresql_where=IS_WAITING)
