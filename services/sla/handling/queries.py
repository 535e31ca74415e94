"""What is read of what units ask for, and what an act on the handling time answers with."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Extension, LawLimit, TicketClock, TicketDeadline
from services.sla.queries import is_in
from services.sla.rules import OPEN_STATES
from shared.security import Principal

Asked = TypeVar("Asked", Extension, LawLimit)
Key = tuple[datetime, UUID, int]
"""Where a page ends: when it was asked, of which ticket, its number."""


class Wanted(NamedTuple):
    """Which of those that one sees; what is none does not matter."""

    state: str | None
    jurisdiction: str | None
    after: Key | None
    limit: int


async def find_asked(
    session: AsyncSession, kind: type[Asked], *, caller: Principal, wanted: Wanted
) -> Sequence[Asked]:
    """What units asked for and the caller may see, the longest waiting first.

    A unit sees its own, of tickets that are still its own; others those of tickets that their
    place accepted or handles (B12).
    """
    key = (kind.asked_at, kind.ticket_id, kind.number)
    statement = select(kind).order_by(*key).limit(wanted.limit)
    if caller.is_of_unit:
        is_still_its_own = (TicketClock.ticket_id == kind.ticket_id) & (
            TicketClock.unit == caller.unit
        )
        statement = statement.join(TicketClock, is_still_its_own).where(kind.unit == caller.unit)
    else:
        within = is_in(caller.jurisdiction, kind.jurisdiction, kind.handled_in)
        statement = statement.where(within)
    if wanted.state is not None:
        statement = statement.where(kind.state == wanted.state)
    if wanted.jurisdiction is not None:
        within = is_in(wanted.jurisdiction, kind.jurisdiction, kind.handled_in)
        statement = statement.where(within)
    if wanted.after is not None:
        statement = statement.where(tuple_(*key) > wanted.after)
    return (await session.scalars(statement)).all()


async def list_open_deadlines(session: AsyncSession, ticket_id: UUID) -> Sequence[TicketDeadline]:
    """The deadlines of a ticket that have not ended, by due time."""
    found = await session.scalars(
        select(TicketDeadline)
        .where(TicketDeadline.ticket_id == ticket_id, TicketDeadline.state.in_(OPEN_STATES))
        .order_by(TicketDeadline.due_at, TicketDeadline.step)
        .execution_options(populate_existing=True)
    )
    return found.all()
