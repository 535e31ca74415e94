"""The audit."""

from shared.migrations import create_audit_tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_audit_tables()
