"""Reading the queue in its order, from its index."""

from sqlalchemy import Boolean, Integer, Select, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import QUEUE_RANK, Ticket
from services.dispatch.queue.rules import Key, rank
from services.dispatch.sight.queries import is_in, is_theirs
from shared.security import Principal

# Written into the statement: the partial index is only for these.
_WAITS = literal_column("state = 'accepted'", Boolean)
_RANK = literal_column(QUEUE_RANK, Integer)


def queue_of(
    caller: Principal, *, jurisdiction: str | None, after: Key | None, limit: int
) -> Select[Ticket]:
    """The statement that reads what waits for dispatch and is the caller's to see."""
    order = (_RANK, Ticket.accepted_at, Ticket.id)
    statement = select(Ticket).where(_WAITS, is_theirs(caller)).order_by(*order).limit(limit)
    if jurisdiction is not None:
        statement = statement.where(is_in(jurisdiction))
    return statement if after is None else statement.where(tuple_(*order) > tuple_(*after))


async def list_queue(
    session: AsyncSession,
    *,
    caller: Principal,
    jurisdiction: str | None,
    after: Key | None,
    limit: int,
) -> list[Ticket]:
    """What waits for dispatch, the most urgent first, then the longest waiting."""
    statement = queue_of(caller, jurisdiction=jurisdiction, after=after, limit=limit)
    return list(await session.scalars(statement))


def key_of(ticket: Ticket) -> Key:
    """Where a waiting ticket stands in the queue."""
    assert ticket.accepted_at is not None, "what waits for dispatch was accepted"
    place = rank(ticket.urgency, ticket.request_type, is_enforcement=ticket.is_enforcement)
    return Key(place, ticket.accepted_at, ticket.id)
