"""Requests that other sites file by Open311."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.clock_timestamp()


def upgrade() -> None:
    """Keys, requests and their news."""
    op.create_table(
        "open311_keys",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
    )
    op.create_table(
        "open311_requests",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, unique=True),
        sa.Column("service_code", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("description", "address", "address_id", "media_url", "agency")
        ),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("expected_at", MOMENT, nullable=True),
        sa.Column("is_stale", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.create_index("open311_requests_key", "open311_requests", ["key_name", "requested_at"])
    op.create_table(
        "open311_updates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("open311_updates_key", "open311_updates", ["key_name", "at"])
    op.create_index("open311_updates_request", "open311_updates", ["request_id"])
