"""What was drawn or written of a sensitive ticket is seen by who sees the ticket (F9)."""

from alembic import op

from shared.readers import KNOWS_TICKETS, guard, of_a_seen, roles_of, within

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SERVICE = "intake"
CHECKED = f"(subject <> 'ticket' OR {of_a_seen('tickets', 'id', 'subject_id')})"
ABUSES = f"""NOT EXISTS (SELECT FROM unnest(abuse_notices.abuses) AS named (id)
    WHERE NOT {of_a_seen("abuses", "id", "named.id")})"""


def upgrade() -> None:
    """The label decides about quality checks and documents about abuse as well."""
    place, _ = roles_of(SERVICE)
    here = f"{within('jurisdiction')} AND {KNOWS_TICKETS}"
    for table, seen in (("quality_checks", CHECKED), ("abuse_notices", ABUSES)):
        op.execute(f"DROP POLICY {place} ON {table}")
        guard(table, SERVICE, place=f"{here} AND {seen}", unit=None)
