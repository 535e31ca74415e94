"""What others look up of units and duty rules."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.rules import Duties, Duty, index, outer_codes
from services.dispatch.models import DutyRule, Unit
from shared.database import Connection
from shared.events.words import RequestType
from shared.jurisdictions import prefix

FIND_DUTIES = """SELECT r.id, r.jurisdiction, r.category, r.request_type, r.unit, u.name, r.priority
FROM duty_rules r JOIN units u ON u.code = r.unit WHERE u.is_active"""
VERSION = "SELECT version FROM directory_version"


class DutyBook:
    """All duty rules in memory for the batches of a consumer, read again when one changed."""

    def __init__(self) -> None:
        self._version = -1
        self._duties: Duties = {}

    async def read(self, connection: Connection) -> Duties:
        """The rules as they are in the connection's transaction."""
        # The version first: rules newer than their version are only read once more.
        version: int = await connection.fetchval(VERSION)
        if version == self._version:
            return self._duties
        duties = index(
            Duty(code, place, category, _type(request_type), unit, name, priority)
            for code, place, category, request_type, unit, name, priority in (
                await connection.fetch(FIND_DUTIES)
            )
        )
        self._version, self._duties = version, duties
        return duties


async def find_duties(session: AsyncSession, jurisdiction: str) -> Duties:
    """The rules that may hold in a place, those of units that are not active left out."""
    rows = await session.execute(
        select(
            DutyRule.id,
            DutyRule.jurisdiction,
            DutyRule.category,
            DutyRule.request_type,
            DutyRule.unit,
            Unit.name,
            DutyRule.priority,
        )
        .join(Unit, Unit.code == DutyRule.unit)
        .where(DutyRule.jurisdiction.in_(outer_codes(jurisdiction)), Unit.is_active)
    )
    return index(Duty(*row) for row in rows)


async def list_units(
    session: AsyncSession, *, jurisdiction: str | None, after: str | None, limit: int
) -> list[Unit]:
    """Units by code, those within a place where one is named."""
    statement = select(Unit).order_by(Unit.code).limit(limit)
    if jurisdiction is not None:
        within = Unit.jurisdiction.startswith(prefix(jurisdiction), autoescape=True)
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
        within = DutyRule.jurisdiction.startswith(prefix(jurisdiction), autoescape=True)
        statement = statement.where(within)
    if after is not None:
        statement = statement.where(DutyRule.id > after)
    return list(await session.scalars(statement))


def _type(request_type: str | None) -> RequestType | None:
    return None if request_type is None else RequestType(request_type)
