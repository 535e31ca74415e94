"""Who may read which rows, and a ticket's label (F9)."""

from alembic import op

from shared.readers import KNOWS_TICKETS, ME, SUBJECT, guard, knows, of_a_seen, show, within

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SERVICE = "intake"
TICKET = of_a_seen("tickets", "id", "ticket_id")
OPEN = (
    *("policies", "calendars", "law_version", "units", "jurisdictions", "categories"),
    *("quality_forms", "articles"),
)
# What a unit works on or worked on, be it that the ticket is another's now: it asked about it.
WORKS_ON = """CREATE FUNCTION works_on(ticket uuid, asker text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = intake AS $$ SELECT
    EXISTS (SELECT FROM co_handlers WHERE ticket_id = ticket AND unit = asker)
    OR EXISTS (SELECT FROM verifications WHERE ticket_id = ticket AND unit = asker)
    OR EXISTS (SELECT FROM screenings WHERE ticket_id = ticket AND unit = asker)
    OR EXISTS (SELECT FROM disputes WHERE ticket_id = ticket AND unit = asker) $$"""


def upgrade() -> None:
    """The label, the reading roles, and the policies."""
    op.execute("ALTER TABLE tickets ADD COLUMN secrecy text NOT NULL DEFAULT 'normal'")
    op.execute("ALTER TABLE amendments ADD COLUMN secrecy text")
    op.execute(WORKS_ON)
    show(SERVICE, *OPEN)
    guard(
        "tickets",
        SERVICE,
        place=f"{within('jurisdiction')} AND {knows('secrecy', 'filed_by')}",
        unit=f"about_unit IS DISTINCT FROM {ME} AND (unit = {ME} OR works_on(id, {ME}))",
    )
    own = f"unit = {ME}"
    for table in ("verifications", "screenings", "disputes", "publications"):
        guard(table, SERVICE, place=TICKET, unit=own)
    for table in ("follow_up_tasks", "follow_ups", "reports", "abuses", "ratings", "histories"):
        guard(table, SERVICE, place=TICKET, unit=None)
    guard("co_handlers", SERVICE, place=TICKET, unit=own)
    guard("ticket_attachments", SERVICE, place=TICKET, unit=TICKET)
    on_a_ticket = of_a_seen("ticket_attachments", "attachment_id", "id")
    mine = f"uploaded_by = {SUBJECT} OR {on_a_ticket}"
    guard("attachments", SERVICE, place=mine, unit=mine)
    here = within("jurisdiction")
    guard("abuse_notices", SERVICE, place=f"{here} AND {KNOWS_TICKETS}", unit=None)
    guard("quality_checks", SERVICE, place=f"{here} AND {KNOWS_TICKETS}", unit=None)
    guard("seats", SERVICE, place=here, unit=None)
    guard("call_hours", SERVICE, place=here, unit=None)
    guard("notices", SERVICE, place=within("coalesce(jurisdiction, '')"), unit=None)
    guard("contacts", SERVICE, place="true", unit=None)
