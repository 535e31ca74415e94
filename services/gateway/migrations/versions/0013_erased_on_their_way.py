"""Messages whose words were erased while they waited: the peer may have taken them before."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The digest that a message had before its words were erased."""
    op.add_column("outgoing", sa.Column("digest_before", sa.LargeBinary(), nullable=True))
