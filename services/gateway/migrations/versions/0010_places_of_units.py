"""Where a unit belongs: subscriptions are its own and of the administrators of its place (F5)."""

import sqlalchemy as sa
from alembic import op

from shared.readers import ME, guard, roles_of, within

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SERVICE = "gateway"
IN_PLACE = f"EXISTS (SELECT FROM feed_units u WHERE u.code = unit AND {within('u.jurisdiction')})"


def upgrade() -> None:
    """Units with their places, and the policy of a place's people on subscriptions."""
    # Until a unit is heard of again, its place is nobody's but the whole country's.
    place = sa.Column("jurisdiction", sa.Text(), server_default="", nullable=False)
    op.add_column("feed_units", place)
    readers, units = roles_of(SERVICE)
    for role in (readers, units):
        op.execute(f"DROP POLICY {role} ON subscriptions")
    guard("subscriptions", SERVICE, place=IN_PLACE, unit=f"unit = {ME}")
