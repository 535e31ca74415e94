"""A person's unused login codes end with their sessions, and are found by the person."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index."""
    op.create_index("login_codes_person", "login_codes", ["person_id"])
