"""What people decide in federation: ways, answers to orders, files to be fetched again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.federation.models import FileIn, OrderIn
from services.gateway.federation.models import Route as RouteRow
from services.gateway.federation.rules import Target
from services.gateway.peers.models import Peer
from shared.database import connection_of
from shared.events.sla import OrderAnswered
from shared.exchange import Kind
from shared.problems import ActRefused, NotFound, field_error


async def put_route(
    session: AsyncSession, code: str, *, name: str, target: Target, peer: str | None, by: str
) -> RouteRow:
    """Register where the matters of a place go. Raises `Malformed` for an unknown peer."""
    if (target is Target.PEER) != (peer is not None):
        raise field_error("peer", "peer", "去向为其他平台（peer）时填写平台代码，否则不填")
    if peer is not None and await session.get(Peer, peer) is None:
        raise field_error("peer", "unknown_peer", "没有登记这个平台")
    values = {"name": name, "target": target, "peer": peer, "changed_by": by}
    row = insert(RouteRow).values(code=code, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["code"], set_=values))
    return (await session.scalars(select(RouteRow).where(RouteRow.code == code))).one()


async def answer_order(
    session: AsyncSession, order_id: UUID, *, text: str, by: str, at: datetime
) -> OrderIn:
    """Answer an order of another platform, which hears of it in order.

    Raises `NotFound`, `ActRefused` where it was answered.
    """
    order = await session.get(OrderIn, order_id, with_for_update=True)
    if order is None:
        raise NotFound
    if order.answer is not None:
        raise ActRefused("这份督办文书已经反馈。", allowed=[])
    order.answer, order.answered_by, order.answered_at = text, by, at
    data = {"number": str(order.told["number"]), "text": text, "answered_by": by}
    telling = Telling(
        peer=order.peer,
        subject=order.subject,
        kind=Kind.ORDER,
        time=at,
        key=f"answer {order.id}",
        type=OrderAnswered.type,
        data=data,
    )
    await queue(await connection_of(session), [telling])
    return order


async def fetch_again(session: AsyncSession, ticket_id: UUID) -> list[FileIn]:
    """Have what was left out of a ticket fetched once more; all that others named of it.

    What waits or came stays as it is. Raises `NotFound` where nothing was named.
    """
    found = await session.scalars(
        select(FileIn)
        .where(FileIn.ticket_id == ticket_id)
        .order_by(FileIn.origin_attachment)
        .with_for_update()
    )
    rows = list(found)
    if not rows:
        raise NotFound
    for row in rows:
        if row.state == "left_out":
            row.state, row.attempts, row.left_out_at = "waiting", 0, None
            row.next_at = func.clock_timestamp()
    return rows
