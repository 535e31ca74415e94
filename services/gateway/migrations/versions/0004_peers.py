"""Other platforms, their keys, and nonces of signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Other platforms, their keys, and nonces of signatures."""
    op.create_table(
        "peers",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind <> 'subcenter' OR unit IS NOT NULL", name="subcenter_has_unit"),
    )
    op.create_table(
        "peer_keys",
        sa.Column("key_id", sa.Text(), primary_key=True),
        sa.Column("peer", sa.Text(), sa.ForeignKey("peers.code"), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
    )
    op.create_index("peer_keys_peer", "peer_keys", ["peer"])
    op.create_table(
        "own_keys",
        sa.Column("key_id", sa.Text(), primary_key=True),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("signs_from", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
    )
    op.create_index("own_keys_signs_from", "own_keys", ["signs_from"])
    op.create_table(
        "nonces",
        sa.Column("key_id", sa.Text(), primary_key=True),
        sa.Column("nonce", sa.Text(), primary_key=True),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("nonces_expires_at", "nonces", ["expires_at"])
