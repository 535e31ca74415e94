"""Looking up what is linked, and tickets by their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Ticket, TimelineEntry
from services.dispatch.sight.queries import is_theirs
from services.dispatch.sight.rules import is_seen
from shared.events.dispatch import TicketReplied
from shared.events.kinds import Link
from shared.events.words import State
from shared.problems import NotFound
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Gathering:
    """A main ticket with a page of what goes with it, and all of that counted."""

    main: Ticket
    members: Sequence[Ticket]
    counts: Sequence[tuple[Link | None, State, int]]


@dataclass(frozen=True, slots=True)
class Relations:
    """The tickets that one goes with or repeats, as far as the asker may know of them."""

    main: Ticket | None
    repeats: Ticket | None
    replies: Mapping[UUID, TimelineEntry]
    """Their last replies."""
    linked: int
    """How many go with this one."""


async def find_relations(session: AsyncSession, ticket: Ticket, *, caller: Principal) -> Relations:
    """What a ticket goes with and repeats. A unit is not told of what complains of it."""
    ids = [one for one in (ticket.main, ticket.repeats) if one is not None]
    known: dict[UUID, Ticket] = {}
    replies: dict[UUID, TimelineEntry] = {}
    if ids:
        rows = await session.scalars(select(Ticket).where(Ticket.id.in_(ids)))
        known = {
            row.id: row for row in rows if caller.unit is None or row.about_unit != caller.unit
        }
        entries = await session.scalars(
            select(TimelineEntry)
            .where(TimelineEntry.ticket_id.in_(known), TimelineEntry.event == TicketReplied.type)
            .order_by(TimelineEntry.ticket_id, TimelineEntry.position)
        )
        replies = {entry.ticket_id: entry for entry in entries}
    counted = select(func.count()).where(Ticket.main == ticket.id, Ticket.state == State.LINKED)
    linked = (await session.execute(counted)).scalar_one()
    main = known.get(ticket.main) if ticket.main is not None else None
    repeats = known.get(ticket.repeats) if ticket.repeats is not None else None
    return Relations(main, repeats, replies, linked)


async def find_ids(session: AsyncSession, named: Sequence[str]) -> dict[str, UUID]:
    """The ids of tickets that are named by id or number; what is unknown is not in the answer."""
    found: dict[str, UUID] = {}
    numbers = []
    for name in named:
        try:
            found[name] = UUID(name)
        except ValueError:
            numbers.append(name)
    if numbers:
        statement = select(Ticket.number, Ticket.id).where(Ticket.number.in_(numbers))
        rows = await session.execute(statement)
        found |= {row.number: row.id for row in rows}
    return found


async def find_master(
    session: AsyncSession, ticket_id: UUID, *, caller: Principal, after: UUID | None, limit: int
) -> Gathering:
    """A ticket and what goes with it, newest first. Raises `NotFound`.

    A unit that has the main ticket sees those that go with it, but none that complains of it.
    """
    main = await session.get(Ticket, ticket_id)
    if main is None or not is_seen(main, caller, co_units=main.co_units):
        raise NotFound
    whose = Ticket.main == ticket_id
    if caller.is_of_unit:
        whose &= Ticket.about_unit.is_distinct_from(caller.unit)
    else:
        whose &= is_theirs(caller)
    counted = (
        select(Ticket.link_kind, Ticket.state, func.count())
        .where(whose)
        .group_by(Ticket.link_kind, Ticket.state)
        .order_by(Ticket.link_kind, Ticket.state)
    )
    counts = [(kind, state, number) for kind, state, number in await session.execute(counted)]
    statement = select(Ticket).where(whose).order_by(Ticket.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Ticket.id < after)
    return Gathering(main, list(await session.scalars(statement)), counts)
