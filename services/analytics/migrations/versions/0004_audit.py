"""The audit."""

from shared.migrations import create_audit_tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_audit_tables()
