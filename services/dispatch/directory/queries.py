"""What others look up of units and duty rules."""

from typing import Any

from sqlalchemy import any_, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.dispatch.directory.rules import (
    PRECEDENT,
    Book,
    Duty,
    Member,
    index,
    outer_codes,
)
from services.dispatch.models import DutyRule, Unit
from services.dispatch.precedents.models import Precedent
from shared.database import Connection
from shared.events.words import DutyHours, RequestType
from shared.places import lies_in

FIND_DUTIES = """SELECT r.id, r.jurisdiction, r.category, r.request_type, r.unit, u.name,
    r.priority, u.duty_hours, '{}'::text[], u.platform
FROM duty_rules r JOIN units u ON u.code = r.unit WHERE u.is_active"""
FIND_PRECEDENTS = """SELECT p.id::text, p.jurisdiction, p.category, NULL::text AS request_type,
    p.lead_unit, u.name, 0 AS priority, u.duty_hours,
    ARRAY(SELECT c.code FROM units c WHERE c.code = ANY(p.co_units) AND c.is_active), u.platform
FROM precedents p JOIN units u ON u.code = p.lead_unit WHERE u.is_active AND p.retired_at IS NULL"""
FIND_UNITS = "SELECT code, name, jurisdiction, superior, is_active, duty_hours, platform FROM units"
# UNION, not UNION ALL: a circle of superiors ends.
LINE_ABOVE = text("""WITH RECURSIVE line AS (
    SELECT code, name, jurisdiction, superior, is_active, duty_hours, platform FROM units
    WHERE code = :code
    UNION SELECT u.code, u.name, u.jurisdiction, u.superior, u.is_active, u.duty_hours, u.platform
    FROM units u JOIN line ON u.code = line.superior)
SELECT * FROM line""")
VERSION = "SELECT version FROM directory_version"


class DutyBook:
    """All rules and precedents in memory for the batches of a consumer, read again on a change."""

    def __init__(self) -> None:
        self._version = -1
        self._book = Book({}, {})

    async def read(self, connection: Connection) -> Book:
        """The rules and precedents as they are in the connection's transaction."""
        # The version first: rules newer than their version are only read once more.
        version: int = await connection.fetchval(VERSION)
        if version == self._version:
            return self._book
        duties = [_duty(*row) for row in await connection.fetch(FIND_DUTIES)]
        precedents = [_precedent(*row) for row in await connection.fetch(FIND_PRECEDENTS)]
        units = [_member(*row) for row in await connection.fetch(FIND_UNITS)]
        self._version, self._book = version, index(duties, precedents, units)
        return self._book


async def find_book(
    session: AsyncSession,
    jurisdiction: str,
    *,
    about_unit: str | None = None,
    with_inactive: bool = False,
) -> Book:
    """What may hold in a place: rules and precedents, without those of units not active.

    Of units there are only the one complained of and those above it.
    """
    line = [] if about_unit is None else await find_line(session, about_unit)
    places = outer_codes(jurisdiction)
    rows = await session.execute(
        select(
            DutyRule.id,
            DutyRule.jurisdiction,
            DutyRule.category,
            DutyRule.request_type,
            DutyRule.unit,
            Unit.name,
            DutyRule.priority,
            Unit.duty_hours,
            Unit.platform,
        )
        .join(Unit, Unit.code == DutyRule.unit)
        .where(DutyRule.jurisdiction.in_(places), Unit.is_active | with_inactive)
    )
    other = aliased(Unit)
    active = (
        select(other.code)
        .where(other.code == any_(Precedent.co_units), other.is_active)
        .correlate(Precedent)
        .scalar_subquery()
    )
    precedents = await session.execute(
        select(Precedent, Unit.name, Unit.duty_hours, func.array(active), Unit.platform)
        .join(Unit, Unit.code == Precedent.lead_unit)
        .where(
            Precedent.jurisdiction.in_(places),
            Precedent.retired_at.is_(None),
            Unit.is_active | with_inactive,
        )
    )
    return index(
        (Duty(*row[:-1], platform=row[-1]) for row in rows),
        [
            _precedent(
                *(str(one.id), one.jurisdiction, one.category, None),
                *(one.lead_unit, name, 0, hours, co_units, platform),
            )
            for one, name, hours, co_units, platform in precedents
        ],
        line,
    )


async def find_line(session: AsyncSession, code: str) -> list[Member]:
    """A unit and all above it, in no order; none for a code that is not in the directory."""
    return [_member(*row) for row in await session.execute(LINE_ABOVE, {"code": code})]


async def list_members(session: AsyncSession) -> list[Member]:
    """All units with their superiors."""
    return [_member(*row) for row in await session.execute(text(FIND_UNITS))]


async def list_units(
    session: AsyncSession, *, jurisdiction: str | None, after: str | None, limit: int
) -> list[Unit]:
    """Units by code, those within a place where one is named."""
    statement = select(Unit).order_by(Unit.code).limit(limit)
    if jurisdiction is not None:
        within = lies_in(Unit.jurisdiction, jurisdiction)
        statement = statement.where(within)
    if after is not None:
        statement = statement.where(Unit.code > after)
    return list(await session.scalars(statement))


async def list_duty_rules(
    session: AsyncSession, *, jurisdiction: str | None, after: str | None, limit: int
) -> list[DutyRule]:
    """Duty rules by id, those of places within a place where one is named."""
    statement = select(DutyRule).order_by(DutyRule.id).limit(limit)
    if jurisdiction is not None:
        within = lies_in(DutyRule.jurisdiction, jurisdiction)
        statement = statement.where(within)
    if after is not None:
        statement = statement.where(DutyRule.id > after)
    return list(await session.scalars(statement))


def _member(*columns: Any) -> Member:  # noqa: ANN401  the columns of a row
    member = Member(*columns)
    return member._replace(duty_hours=DutyHours(member.duty_hours))


def _duty(*columns: Any) -> Duty:  # noqa: ANN401  the columns of a row
    duty = Duty(*columns)
    request_type = None if duty.request_type is None else RequestType(duty.request_type)
    return duty._replace(request_type=request_type, duty_hours=DutyHours(duty.duty_hours))


def _precedent(*columns: Any) -> Duty:  # noqa: ANN401  the columns of a row
    duty = _duty(*columns)
    return duty._replace(id=f"{PRECEDENT}{duty.id}", co_units=tuple(sorted(duty.co_units)))
