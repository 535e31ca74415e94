"""Who may read which rows, and a ticket's label (F9)."""

from alembic import op

from shared.readers import KNOWS_TICKETS, ME, guard, knows, of_a_seen, show, within

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SERVICE = "sla"
CLOCK = of_a_seen("clocks", "ticket_id", "ticket_id")
OPEN = (
    *("policies", "calendars", "law_version", "units", "publications", "recomputes"),
    "promises",
)


def upgrade() -> None:
    """The label, the reading roles, and the policies."""
    op.execute("ALTER TABLE clocks ADD COLUMN secrecy text NOT NULL DEFAULT 'normal'")
    show(SERVICE, *OPEN)
    guard(
        "clocks",
        SERVICE,
        place=f"{within('jurisdiction')} AND {knows('secrecy')}",
        unit=f"unit = {ME}",
    )
    guard("deadlines", SERVICE, place=CLOCK, unit=CLOCK)
    guard("letters", SERVICE, place=CLOCK, unit=CLOCK)
    for table in ("extensions", "limits"):
        guard(table, SERVICE, place=CLOCK, unit=f"unit = {ME}")
    guard(
        "orders",
        SERVICE,
        place=f"{within('jurisdiction')} AND (ticket_id IS NULL OR {CLOCK}) AND {KNOWS_TICKETS}",
        unit=f"unit = {ME}",
    )
