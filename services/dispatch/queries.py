"""What people look up of tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Ticket, TimelineEntry, Unit
from shared.events.dispatch import TicketReplied
from shared.events.words import Role, State
from shared.jurisdictions import prefix
from shared.problems import NotFound
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets of those that one sees; what is none does not matter."""

    state: State | None = None
    unit: str | None = None
    jurisdiction: str | None = None


async def find_ticket(session: AsyncSession, ticket_id: UUID, *, caller: Principal) -> Ticket:
    """A ticket that is the caller's to see. Raises `NotFound`."""
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None or not caller.sees(ticket.jurisdiction, ticket.unit):
        raise NotFound
    return ticket


async def list_tickets(
    session: AsyncSession,
    *,
    caller: Principal,
    wanted: Filter,
    after: UUID | None,
    limit: int,
) -> list[Ticket]:
    """Those that the caller sees, newest first: with ids smaller than `after`."""
    statement = _seen_by(caller).order_by(Ticket.id.desc()).limit(limit)
    if wanted.state is not None:
        statement = statement.where(Ticket.state == wanted.state)
    if wanted.unit is not None:
        statement = statement.where(Ticket.unit == wanted.unit)
    if wanted.jurisdiction is not None:
        within = Ticket.jurisdiction.startswith(prefix(wanted.jurisdiction), autoescape=True)
        statement = statement.where(within)
    if after is not None:
        statement = statement.where(Ticket.id < after)
    return list(await session.scalars(statement))


async def list_timeline(session: AsyncSession, ticket_id: UUID) -> list[TimelineEntry]:
    """All that happened to a ticket, in order."""
    rows = await session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.ticket_id == ticket_id)
        .order_by(TimelineEntry.position)
    )
    return list(rows)


async def list_replies(session: AsyncSession, ticket_id: UUID) -> list[TimelineEntry]:
    """The replies among what happened to a ticket, in order."""
    timeline = await list_timeline(session, ticket_id)
    return [entry for entry in timeline if entry.event == TicketReplied.type]


async def find_unit_names(session: AsyncSession, codes: Sequence[str | None]) -> dict[str, str]:
    """The names of units by code."""
    wanted = {code for code in codes if code is not None}
    if not wanted:
        return {}
    rows = await session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(wanted)))
    return {row.code: row.name for row in rows}


def _seen_by(caller: Principal) -> Select[Ticket]:
    if caller.role is Role.UNIT:
        return select(Ticket).where(Ticket.unit == caller.unit)
    within = Ticket.jurisdiction.startswith(prefix(caller.jurisdiction), autoescape=True)
    return select(Ticket).where(within)
