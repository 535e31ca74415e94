"""Who may read which rows."""

from alembic import op

from shared.readers import ME, guard, roles_of, show, within

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SERVICE = "analytics"


def upgrade() -> None:
    """The reading roles, and the policy of the figures; of events the time alone."""
    show(SERVICE, "units")
    for role in roles_of(SERVICE):
        op.execute(f"GRANT SELECT (time) ON events TO {role}")
    guard("mirrored_tickets", SERVICE, place=within("jurisdiction"), unit=None)
    guard("rollup", SERVICE, place=within("jurisdiction"), unit=f"unit = {ME}")
