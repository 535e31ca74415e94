"""Policies and calendars."""

from shared.migrations import create_law_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_law_tables()
