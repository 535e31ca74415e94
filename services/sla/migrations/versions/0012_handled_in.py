"""The place that a ticket was handed to reads its clock, and what follows of it (B12)."""

from alembic import op

from shared.readers import KNOWS_TICKETS, ME, guard, knows, of_a_seen, roles_of, within

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SERVICE = "sla"
CLOCK = of_a_seen("clocks", "ticket_id", "ticket_id")
EITHER = f"({within('jurisdiction')} OR {within('handled_in')})"


def upgrade() -> None:
    """The columns and the policies; a ticket handed on before this is seen after its next move."""
    for table in ("clocks", "extensions", "limits", "orders"):
        op.execute(f'ALTER TABLE {table} ADD COLUMN handled_in text COLLATE "C"')
    for table, place in (
        ("clocks", f"{EITHER} AND {knows('secrecy')}"),
        ("orders", f"{EITHER} AND (ticket_id IS NULL OR {CLOCK}) AND {KNOWS_TICKETS}"),
    ):
        for role in roles_of(SERVICE):
            op.execute(f"DROP POLICY {role} ON {table}")
        guard(table, SERVICE, place=place, unit=f"unit = {ME}")
    # The range of a place compares in C (`shared.places`): no other index serves it.
    op.execute("DROP INDEX orders_jurisdiction")
    op.execute('CREATE INDEX orders_jurisdiction ON orders (jurisdiction COLLATE "C", id)')
    op.execute(
        "CREATE INDEX orders_handled_in ON orders (handled_in, id) WHERE handled_in IS NOT NULL"
    )
