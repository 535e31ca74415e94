"""What people look up of orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.incidents.models import Unit
from services.sla.orders.models import Order
from services.sla.orders.rules import EFFECTIVE_STATES, OrderState
from services.sla.queries import is_in
from shared.events.words import OrderKind
from shared.problems import NotFound
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders of those that one sees; what is none does not matter."""

    unit: str | None = None
    state: OrderState | None = None
    kind: OrderKind | None = None
    ticket_id: UUID | None = None
    is_overdue: bool | None = None


async def find_order(session: AsyncSession, order_id: UUID, *, caller: Principal) -> Order:
    """An order that is the caller's to see. Raises `NotFound`."""
    order = await session.scalar(_seen_by(caller).where(Order.id == order_id))
    if order is None:
        raise NotFound
    return order


async def list_orders(
    session: AsyncSession, *, caller: Principal, wanted: Filter, after: UUID | None, limit: int
) -> list[Order]:
    """Those that the caller sees, newest first: with ids smaller than `after`."""
    statement = _seen_by(caller).order_by(Order.id.desc()).limit(limit)
    for column, value in (
        (Order.unit, wanted.unit),
        (Order.state, wanted.state),
        (Order.kind, wanted.kind),
        (Order.ticket_id, wanted.ticket_id),
        (Order.is_overdue, wanted.is_overdue),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(Order.id < after)
    return list(await session.scalars(statement))


async def find_unit_names(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    """The names of units, where sla has heard of them."""
    rows = await session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(set(codes))))
    return {row.code: row.name for row in rows}


def _seen_by(caller: Principal) -> Select[Order]:
    if caller.is_of_unit:
        return select(Order).where(Order.unit == caller.unit, Order.state.in_(EFFECTIVE_STATES))
    return select(Order).where(is_in(caller.jurisdiction, Order.jurisdiction, Order.handled_in))
