"""What people look up of tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Ticket, TimelineEntry, Unit
from services.dispatch.sight.queries import is_co_handled, is_in, is_theirs
from services.dispatch.sight.rules import is_seen
from shared.events.dispatch import TicketReplied
from shared.events.words import State
from shared.problems import NotFound
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets of those that one sees; what is none does not matter."""

    state: State | None = None
    unit: str | None = None
    jurisdiction: str | None = None
    is_co: bool = False
    """Those that the asker's unit handles with another, instead of its own."""
    main: UUID | None = None
    """Those that go with a ticket."""


async def find_ticket(session: AsyncSession, ticket_id: UUID, *, caller: Principal) -> Ticket:
    """A ticket that is the caller's to see. Raises `NotFound`."""
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None or not is_seen(ticket, caller, co_units=ticket.co_units):
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
    whose = is_co_handled(caller) if wanted.is_co else is_theirs(caller)
    statement = select(Ticket).where(whose).order_by(Ticket.id.desc()).limit(limit)
    if wanted.state is not None:
        statement = statement.where(Ticket.state == wanted.state)
    if wanted.unit is not None:
        statement = statement.where(Ticket.unit == wanted.unit)
    if wanted.jurisdiction is not None:
        statement = statement.where(is_in(wanted.jurisdiction))
    if wanted.main is not None:
        statement = statement.where(Ticket.main == wanted.main)
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
