"""Who may read which rows, and a ticket's label (F9)."""

from alembic import op

from shared.readers import KNOWS_TICKETS, ME, guard, knows, of_a_seen, show, within

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SERVICE = "dispatch"
TICKET = of_a_seen("tickets", "id", "ticket_id")
CASE = of_a_seen("cases", "id", "case_id")
OPEN = (
    *("policies", "calendars", "law_version", "units", "duty_rules", "models", "precedents"),
    *("repeat_frequencies", "trainings"),
)
# A unit sees what goes with its ticket, and may not be able to see the main ticket itself.
UNIT_OF = """CREATE FUNCTION unit_of(ticket uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = dispatch AS 'SELECT unit FROM tickets WHERE id = ticket'"""


def upgrade() -> None:
    """The label, the reading roles and the policies."""
    op.execute("ALTER TABLE tickets ADD COLUMN secrecy text NOT NULL DEFAULT 'normal'")
    op.execute(UNIT_OF)
    show(SERVICE, *OPEN)
    guard(
        "tickets",
        SERVICE,
        place=f"({within('jurisdiction')} OR {within('handled_in')}) AND {knows('secrecy')}",
        unit=f"about_unit IS DISTINCT FROM {ME}"
        f" AND (unit = {ME} OR {ME} = ANY(co_units) OR main IS NOT NULL AND unit_of(main) = {ME})",
    )
    in_place = f"EXISTS (SELECT FROM units u WHERE u.code = unit AND {within('u.jurisdiction')})"
    returned = "event IN ('ticket.return_requested', 'ticket.return_decided')"
    guard(
        "timeline",
        SERVICE,
        place=f"{TICKET} OR ({returned} AND {in_place})",
        unit=f"({returned} AND unit = {ME}) OR {TICKET}",
    )
    for table in ("co_handlers", "attachments", "repeat_finds", "master_offer_tickets"):
        guard(table, SERVICE, place=TICKET, unit=TICKET)
    guard("repeat_sketches", SERVICE, place=TICKET, unit=TICKET)
    guard("lessons", SERVICE, place=TICKET, unit=None)
    guard("suggestions", SERVICE, place=f"{within('jurisdiction')} AND {KNOWS_TICKETS}", unit=None)
    guard("master_offers", SERVICE, place=within("jurisdiction"), unit=None)
    guard("terminations", SERVICE, place=TICKET, unit=f"unit = {ME} OR {TICKET}")
    decided = f"state = 'decided' AND (lead_unit = {ME} OR {ME} = ANY(co_units))"
    guard("cases", SERVICE, place=TICKET, unit=decided)
    for table in ("case_members", "case_signatures", "case_votes"):
        guard(table, SERVICE, place=CASE, unit=CASE)
    guard("unit_contacts", SERVICE, place=in_place, unit=f"unit = {ME}")
    guard("notices", SERVICE, place=within("coalesce(jurisdiction, '')"), unit=None)
