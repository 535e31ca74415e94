"""Who may read which rows, in the database itself: two roles for reading, and their policies.

GET routes read as `hotline_<service>_reader` (a place's people) or `hotline_<service>_reader_unit`
(the units' side); `shared.reading` names who asks. A role reads the tables that it was granted, and
of those that hold tickets only the rows that a policy shows it. The owner's role, with which acts,
workers and migrations run, is bound by no policy.
"""

from alembic import op

ME = "(SELECT current_setting('hotline.unit', true))"
"""The unit of who asks."""
SUBJECT = "(SELECT current_setting('hotline.subject', true))"
_PREFIX = "(SELECT current_setting('hotline.jurisdiction', true))"
_KNOWS = "(SELECT current_setting('hotline.knows', true))"
KNOWS_TICKETS = "(SELECT current_setting('hotline.knows', true) IN ('normal', 'sensitive'))"
"""Who asks is of the hotline's business: administrators of the system see no ticket (F9)."""


def within(column: str) -> str:
    """The condition that a code lies in the place of who asks.

    A filter that no index is chosen for: how many rows it shows is not known when a plan is made.
    The query's own condition (`shared.places`) is the one that an index serves.
    """
    return f"starts_with({column}, {_PREFIX})"


def knows(secrecy: str, filed_by: str | None = None) -> str:
    """The condition that a label lets a place's people see a ticket (F9)."""
    filed = "" if filed_by is None else f" OR {filed_by} = {SUBJECT}"
    return f"({KNOWS_TICKETS} AND ({secrecy} <> 'sensitive' OR {_KNOWS} = 'sensitive'{filed}))"


def of_a_seen(table: str, key: str, column: str) -> str:
    """The condition that a row belongs to a row of `table` that who asks sees.

    `column` is named where `table` is not known yet: both may have a column of that name.
    """
    asked = f"(SELECT {column} AS wanted) asked"
    return f"EXISTS (SELECT FROM {asked}, {table} seen WHERE seen.{key} = asked.wanted)"


def show(service: str, *tables: str) -> None:
    """Let both roles read whole tables: those that say nothing of any ticket."""
    place, unit = roles_of(service)
    op.execute(f"GRANT USAGE ON SCHEMA {service} TO {place}, {unit}")
    for table in tables:
        op.execute(f"GRANT SELECT ON {table} TO {place}, {unit}")


def guard(table: str, service: str, *, place: str | None, unit: str | None) -> None:
    """Let each role read the rows of a table that its condition holds for; none reads nothing."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for role, using in zip(roles_of(service), (place, unit), strict=True):
        if using is not None:
            op.execute(f"GRANT SELECT ON {table} TO {role}")
            # To the planner it nearly always holds: how many rows a query wants, and by which
            # index, its own condition says; a list stays a walk down the ids, newest first.
            holds = f"({using})::int <> 0"
            op.execute(f"CREATE POLICY {role} ON {table} FOR SELECT TO {role} USING ({holds})")


def roles_of(service: str) -> tuple[str, str]:
    """The reading roles of a service: a place's people's, and the units' side's."""
    return f"hotline_{service}_reader", f"hotline_{service}_reader_unit"
