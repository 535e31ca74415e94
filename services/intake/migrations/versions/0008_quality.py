"""Seats and calls, quality checks, abuse and published results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_seats()
    create_calls()
    create_abuses()
    create_publications()
    create_quality()


def create_seats() -> None:
    op.create_table(
        "seats",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), sa.ForeignKey("units.code"), nullable=True),
        sa.Column("subcenter", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
    )
    op.create_index("seats_place", "seats", ["jurisdiction", "kind", "number"])


def create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("seat_kind", sa.Text(), nullable=False),
        sa.Column("subcenter", sa.Text(), nullable=True),
        sa.Column("is_transferred", sa.Boolean(), nullable=False),
        sa.Column("is_three_way", sa.Boolean(), nullable=False),
        sa.Column("is_quick_hangup", sa.Boolean(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
    )
    op.create_index("calls_ref", "calls", ["jurisdiction", "ref"], unique=True)
    op.create_index("calls_place", "calls", ["jurisdiction", "queued_at"])
    op.create_table(
        "call_hours",
        sa.Column("jurisdiction", sa.Text(collation="C"), primary_key=True),
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("seat_kind", sa.Text(), primary_key=True),
        sa.Column("subcenter", sa.Text(), primary_key=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (
                *("queued", "answered", "quick_hangups", "transferred", "three_way"),
                "waited_seconds",
            )
        ),
    )


def create_abuses() -> None:
    op.create_table(
        "abuses",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("flagged_by", sa.Text(), nullable=False),
        sa.Column("flagged_at", MOMENT, nullable=False),
    )
    op.create_index("ix_abuses_ticket_id", "abuses", ["ticket_id"])
    op.create_index("abuses_place", "abuses", ["jurisdiction", "id"])
    op.create_index(
        "abuses_caller",
        "abuses",
        ["caller_id"],
        postgresql_where=sa.text("caller_id IS NOT NULL"),
    )
    op.create_table(
        "abuse_notices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("kind", "jurisdiction", "addressee", "grounds", "drafted_by")
        ),
        sa.Column("abuses", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("drafted_at", MOMENT, nullable=False),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("signed_at", MOMENT, nullable=True),
    )
    number = ["office", "kind", "year", "serial"]
    op.create_index("abuse_notices_number", "abuse_notices", number, unique=True)
    op.create_index("abuse_notices_place", "abuse_notices", ["jurisdiction", "id"])


def create_publications() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("ticket_id", sa.Uuid(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("jurisdiction", sa.Text(collation="C"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("unit", "title", "question", "answer", "state", "proposed_by")
        ),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=True),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    op.create_index(
        "publications_ticket",
        "publications",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'published')"),
    )
    op.create_index("publications_unit", "publications", ["unit", "id"])
    op.create_index(
        "publications_shown",
        "publications",
        ["jurisdiction", "id"],
        postgresql_where=sa.text("state = 'published'"),
    )


def create_quality() -> None:
    op.create_table(
        "quality_forms",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
    )
    place = ["jurisdiction", "subject", "made_at"]
    op.create_index("quality_forms_place", "quality_forms", place)
    op.create_table(
        "quality_checks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("jurisdiction", "subject", "agent", "reason", "state")
        ),
        sa.Column("drawn_at", MOMENT, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("form", "scored_by", "objection", "second_by")
        ),
        *(
            sa.Column(name, sa.Integer(), nullable=True)
            for name in ("form_version", "score", "second_score")
        ),
        sa.Column("marks", postgresql.JSONB(), nullable=True),
        sa.Column("second_marks", postgresql.JSONB(), nullable=True),
        sa.Column("scored_at", MOMENT, nullable=True),
        sa.Column("second_at", MOMENT, nullable=True),
    )
    subject = ["subject_id", "subject"]
    op.create_index("quality_checks_subject", "quality_checks", subject, unique=True)
    op.create_index("quality_checks_place", "quality_checks", ["jurisdiction", "state", "id"])
    op.create_index(
        "quality_checks_agent",
        "quality_checks",
        ["agent", "scored_at"],
        postgresql_where=sa.text("score IS NOT NULL"),
    )
    op.create_table(
        "quality_risks",
        sa.Column("ticket_id", sa.Uuid(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("quality_risks_at", "quality_risks", ["at"])
    op.create_index("tickets_accepted_at", "tickets", ["accepted_at"], postgresql_using="brin")
