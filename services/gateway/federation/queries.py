"""What people look up of federation: ways, forwards, tickets that crossed, orders."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.federation.models import (
    FileIn,
    ForwardedIn,
    ForwardedOut,
    OrderIn,
    PlatformUnit,
)
from services.gateway.federation.models import Route as RouteRow
from services.gateway.federation.rules import Peer, Target, Way, way_of
from services.gateway.feeds.models import FeedTicket
from services.gateway.peers.models import Peer as PeerRow


@dataclass(frozen=True, slots=True)
class Found:
    """Where the matters of a place go, and the unit to dispatch them to."""

    way: Way
    unit: str | None


async def find_way(session: AsyncSession, code: str, *, platform: str) -> Found:
    """Where the matters of a place go, and to which unit of the directory they are dispatched."""
    rows = await session.scalars(select(RouteRow))
    peers = await session.execute(select(PeerRow.code, PeerRow.kind).where(PeerRow.is_active))
    known = [Peer(one.code, one.kind) for one in peers]
    parents = [one.code for one in known if one.kind == "parent"]
    routes = {row.code: _way(row, parents) for row in rows}
    way = way_of(code, platform=platform, routes=routes, peers=known)
    unit: str | None = None
    if way.peer is not None:
        unit = await session.scalar(
            select(PlatformUnit.code)
            .where(PlatformUnit.platform == way.peer, PlatformUnit.is_active)
            .order_by(PlatformUnit.code)
            .limit(1)
        )
    return Found(way, unit)


async def list_routes(session: AsyncSession, *, after: str | None, limit: int) -> list[RouteRow]:
    """Registered ways, by code."""
    statement = select(RouteRow).order_by(RouteRow.code).limit(limit)
    if after is not None:
        statement = statement.where(RouteRow.code > after)
    return list(await session.scalars(statement))


async def find_home(session: AsyncSession, ticket_id: UUID) -> ForwardedIn | None:
    """What another platform told of the ticket that ours came of."""
    found: ForwardedIn | None = await session.scalar(
        select(ForwardedIn).where(ForwardedIn.ticket_id == ticket_id)
    )
    return found


async def list_away(session: AsyncSession, ticket_id: UUID) -> list[ForwardedOut]:
    """The rounds in which a ticket of ours went to another platform, first to last."""
    rows = await session.scalars(
        select(ForwardedOut).where(ForwardedOut.ticket_id == ticket_id).order_by(ForwardedOut.round)
    )
    return list(rows)


async def list_files(session: AsyncSession, ticket_id: UUID) -> list[FileIn]:
    """The files of a ticket that another platform named, and what came of them."""
    rows = await session.scalars(
        select(FileIn).where(FileIn.ticket_id == ticket_id).order_by(FileIn.origin_attachment)
    )
    return list(rows)


async def list_left_out(
    session: AsyncSession, *, after: tuple[UUID, UUID] | None, limit: int
) -> list[tuple[FileIn, str | None]]:
    """Files that were left out, with the numbers of their tickets, the newest ticket first."""
    key = tuple_(FileIn.ticket_id, FileIn.origin_attachment)
    statement = (
        select(FileIn, FeedTicket.words["number"].astext)
        .outerjoin(FeedTicket, FeedTicket.id == FileIn.ticket_id)
        .where(FileIn.state == "left_out")
        .order_by(FileIn.ticket_id.desc(), FileIn.origin_attachment.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(key < after)
    return [(row, number) for row, number in await session.execute(statement)]


async def list_waiting(session: AsyncSession, *, limit: int) -> list[ForwardedOut]:
    """Forwards that could not be sent yet, the longest waiting first."""
    rows = await session.scalars(
        select(ForwardedOut)
        .where(ForwardedOut.state == "waiting")
        .order_by(ForwardedOut.next_at)
        .limit(limit)
    )
    return list(rows)


async def list_orders(session: AsyncSession, *, after: UUID | None, limit: int) -> list[OrderIn]:
    """Orders that other platforms gave to this one, newest first."""
    statement = select(OrderIn).order_by(OrderIn.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(OrderIn.id < after)
    return list(await session.scalars(statement))


def _way(row: RouteRow, parents: list[str]) -> Way:
    target = Target(row.target)
    peer = next(iter(parents), None) if target is Target.PARENT else row.peer
    return Way(target, peer, row.code)
