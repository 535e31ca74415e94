"""What similarity looks tickets up by, what it found, and the masters that it offers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_sketches()
    create_offers()
    # All tickets that are here already, history among them.
    op.execute("INSERT INTO repeat_queue SELECT id FROM tickets")


def create_sketches() -> None:
    op.create_table("repeat_queue", sa.Column("ticket_id", sa.Uuid(), primary_key=True))
    op.create_table(
        "repeat_frequencies",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("scheme", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "repeat_sketches",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("scheme", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("jurisdiction", sa.Text(collation="C"), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=True),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.BigInteger()), nullable=False),
    )
    op.create_index(
        "repeat_sketches_caller",
        "repeat_sketches",
        ["caller_id", "ticket_id"],
        postgresql_where=sa.text("caller_id IS NOT NULL"),
    )
    op.create_index("repeat_sketches_documents", "repeat_sketches", ["documents", "ticket_id"])
    op.create_table(
        "repeat_terms",
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
    )
    # The newest are looked up most. Only vacuumed pages are answered by the index alone, and a
    # fifth of a large table, which is the default, would be every ticket of months.
    op.execute(
        "ALTER TABLE repeat_terms SET (autovacuum_vacuum_insert_scale_factor = 0,"
        " autovacuum_vacuum_insert_threshold = 100000)"
    )


def create_offers() -> None:
    op.create_table(
        "repeat_finds",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("earlier_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
    )
    op.create_index("ix_repeat_finds_earlier_id", "repeat_finds", ["earlier_id"])
    op.create_table(
        "master_offers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("jurisdiction", sa.Text(collation="C"), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.Column("dismissed_at", MOMENT, nullable=True),
        sa.Column("dismissed_by", sa.Text(), nullable=True),
        sa.Column("dismissed_because", sa.Text(), nullable=True),
        sa.Column("dismissed_callers", sa.Integer(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    op.create_index(
        "master_offers_open",
        "master_offers",
        ["jurisdiction", "id"],
        postgresql_where=sa.text("dismissed_at IS NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "master_offer_tickets",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("offer_id", sa.Uuid(), sa.ForeignKey("master_offers.id"), nullable=False),
    )
    op.create_index("ix_master_offer_tickets_offer_id", "master_offer_tickets", ["offer_id"])
