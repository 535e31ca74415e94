"""All events by month, a fact for each ticket, and the rollup."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Rows that came before their month had a partition lie in the default one: they move with it.
MAKE_MONTH = """CREATE FUNCTION make_events_month(month date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := month::timestamp AT TIME ZONE 'UTC';
    next timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
    name text := 'events_' || to_char(month, 'YYYYMM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING ALL)', name);
    EXECUTE format('WITH moved AS (DELETE FROM events_default
        WHERE time >= %L AND time < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        first, next, name);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first, next);
END $$"""
MAKE_FIRST_MONTHS = """SELECT make_events_month(month::date) FROM generate_series(
    date_trunc('month', now() AT TIME ZONE 'UTC'),
    date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months',
    interval '1 month') AS month"""


def upgrade() -> None:
    _create_events()
    _create_facts()
    _create_rollup()
    op.create_table(
        "units",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "source", "sequence", "time"),
        postgresql_partition_by="RANGE (time)",
    )
    op.create_index("events_time", "events", ["time"])
    op.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
    op.execute(MAKE_MONTH)
    op.execute(MAKE_FIRST_MONTHS)


def _create_facts() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("request_type", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("dispatched_at", sa.DateTime(timezone=True)),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.Column("replied_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("is_answered", sa.Boolean(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("overdue_steps", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("satisfaction", sa.Text()),
        sa.Column("is_solved", sa.Boolean()),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("facts_state", "facts", ["state"])


def _create_rollup() -> None:
    counts = (
        *("tickets", "created", "refused", "answered", "dispatched", "signed", "signed_in_time"),
        *("returned", "extended", "overdue", "replied", "replied_in_time", "closed", "rated"),
        *("satisfied", "solved"),
    )
    op.create_table(
        "rollup",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("request_type", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(count, sa.Integer(), nullable=False) for count in counts),
        sa.PrimaryKeyConstraint("jurisdiction", "unit", "state", "request_type", "day"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("rollup_unit", "rollup", ["unit", "day"])
    op.create_index("rollup_day", "rollup", ["day"])
