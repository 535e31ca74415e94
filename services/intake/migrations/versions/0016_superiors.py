"""The units above a unit: what complains of one is nothing for those below it (XS 三(四))."""

import sqlalchemy as sa
from alembic import op

from shared.readers import ME, guard, roles_of

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SERVICE = "intake"
# UNION, not UNION ALL: a circle of superiors ends. Nobody is under whom nothing complains of.
IS_UNDER = """CREATE FUNCTION is_under(asker text, about text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = intake AS $$
    WITH RECURSIVE line (code) AS (
        SELECT asker UNION SELECT u.superior FROM units u JOIN line l ON u.code = l.code)
    SELECT EXISTS (SELECT FROM line WHERE code = about) $$"""
MAY_HAVE = f"(about_unit IS NULL OR NOT is_under({ME}, about_unit))"


def upgrade() -> None:
    """Superiors, and the policy by which a unit reads tickets."""
    # Until a unit is heard of again, none is known above it: then it alone is kept out.
    superior: sa.Column[str] = sa.Column("superior", sa.Text())
    op.add_column("units", superior)
    op.execute(IS_UNDER)
    _, units = roles_of(SERVICE)
    op.execute(f"DROP POLICY {units} ON tickets")
    guard(
        "tickets", SERVICE, place=None, unit=f"{MAY_HAVE} AND (unit = {ME} OR works_on(id, {ME}))"
    )
