"""The parts of those who handle with the lead."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.operations import Turn
from services.dispatch.co_handling.models import CoHandler
from services.dispatch.models import Ticket


async def list_parts(turn: Turn) -> Sequence[CoHandler]:
    """The parts of the present round of the ticket at hand, by unit."""
    return await list_parts_of(turn.session, turn.ticket)


async def find_part(turn: Turn) -> CoHandler:
    """The part of the caller's own unit: the acts' rules have seen that it has one."""
    assert turn.caller.unit is not None, "only units co-handle"
    key = (turn.ticket.id, turn.ticket.round, turn.caller.unit)
    return await turn.session.get_one(CoHandler, key)


async def list_parts_of(session: AsyncSession, ticket: Ticket) -> Sequence[CoHandler]:
    """The open parts of a ticket's present round, by unit."""
    if not ticket.co_units:
        return []
    rows = await session.scalars(
        select(CoHandler)
        .where(
            CoHandler.ticket_id == ticket.id,
            CoHandler.round == ticket.round,
            CoHandler.is_open,
        )
        .order_by(CoHandler.unit)
    )
    return list(rows)


async def find_own_parts(
    session: AsyncSession, unit: str, ticket_ids: Collection[UUID]
) -> dict[UUID, CoHandler]:
    """A unit's open parts of many tickets."""
    rows = await session.scalars(
        select(CoHandler).where(
            CoHandler.unit == unit, CoHandler.ticket_id.in_(ticket_ids), CoHandler.is_open
        )
    )
    return {part.ticket_id: part for part in rows}
