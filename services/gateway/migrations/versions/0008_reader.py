"""Who may read which rows."""

from shared.readers import ME, guard, of_a_seen, show, within

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SERVICE = "gateway"


def upgrade() -> None:
    """The reading roles, and the policies of what units' systems read."""
    show(SERVICE, "feed_units")
    guard("feed", SERVICE, place=None, unit=f"unit = {ME}")
    guard("feed_tickets", SERVICE, place=None, unit=f"unit = {ME} OR {ME} = ANY(co_units)")
    guard("people", SERVICE, place=within("jurisdiction"), unit=None)
    guard("assignments", SERVICE, place=of_a_seen("people", "id", "person_id"), unit=None)
    guard("subscriptions", SERVICE, place="true", unit=f"unit = {ME}")
