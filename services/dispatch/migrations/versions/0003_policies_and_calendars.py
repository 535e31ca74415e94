"""Policies and calendars: the packs kept so far get their order, calendars are new."""

from alembic import op

from shared.migrations import create_law_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE policies RENAME TO policies_before")
    op.execute("ALTER TABLE policies_before RENAME CONSTRAINT policies_pkey TO policies_before_key")
    create_law_tables()
    op.execute("""INSERT INTO policies (hash, jurisdiction, version, effective_from, number,
        published_at, pack)
    SELECT hash, jurisdiction, pack ->> 'version', (pack -> 'effective_from' ->> 'value')::date,
        0, clock_timestamp(), pack FROM policies_before""")
    op.drop_table("policies_before")
