"""What follows of a ticket is seen by who sees this ticket, and not by who sees any (F9).

The policies of 0009 compared a clock's ticket with itself.
"""

from alembic import op

from shared.readers import KNOWS_TICKETS, ME, guard, of_a_seen, roles_of, within

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SERVICE = "sla"
CLOCK = of_a_seen("clocks", "ticket_id", "ticket_id")
HERE = within("jurisdiction")


def upgrade() -> None:
    """Each policy anew, with the ticket of its own row."""
    mine = f"unit = {ME}"
    orders = f"{HERE} AND (ticket_id IS NULL OR {CLOCK}) AND {KNOWS_TICKETS}"
    for table, place, unit in (
        *(("deadlines", CLOCK, CLOCK), ("letters", CLOCK, CLOCK)),
        *(("extensions", CLOCK, mine), ("limits", CLOCK, mine)),
        ("orders", orders, mine),
    ):
        for role in roles_of(SERVICE):
            op.execute(f"DROP POLICY {role} ON {table}")
        guard(table, SERVICE, place=place, unit=unit)
