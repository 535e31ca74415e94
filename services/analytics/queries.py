"""What is read of the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.models import KEY, MEASURES, Fact, Rollup, StoredEvent, Unit
from shared.places import lies_in
from shared.security import Principal

RECOUNT = f"""SELECT {", ".join(KEY)}, {
    ", ".join(f"sum({sql})::int AS {name}" for name, sql in MEASURES.items())
} FROM facts GROUP BY {", ".join(KEY)}"""


@dataclass(frozen=True, slots=True)
class Span:
    """Which tickets are meant: of a place, of the days from one to another, both included."""

    jurisdiction: str | None = None
    first_day: date | None = None
    last_day: date | None = None


async def count_tickets(
    session: AsyncSession, caller: Principal, *, by: Sequence[str], span: Span, rows_max: int
) -> list[dict[str, Any]]:
    """How many of the caller's tickets there are, by up to all of `KEY`."""
    columns = [getattr(Rollup, name) for name in by]
    count = func.sum(Rollup.tickets)
    chosen = (
        select(*columns, count.label("count"))
        .where(*_scope(caller, span))
        .group_by(*columns)
        .having(count > 0)
        .order_by(*columns)
        .limit(rows_max)
    )
    return [dict(row) for row in (await session.execute(chosen)).mappings()]


async def sum_measures(session: AsyncSession, caller: Principal, *, span: Span) -> dict[str, int]:
    """Each of `MEASURES` over the caller's tickets."""
    sums = [func.coalesce(func.sum(getattr(Rollup, name)), 0).label(name) for name in MEASURES]
    row = (await session.execute(select(*sums).where(*_scope(caller, span)))).mappings().one()
    return dict(row)


async def find_newest_time(session: AsyncSession) -> datetime | None:
    """When the newest event that was heard happened."""
    return await session.scalar(select(func.max(StoredEvent.time)))


async def find_unit_names(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    """The names of units by code, of those that dispatch has said."""
    rows = await session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(codes)))
    return {row.code: row.name for row in rows}


async def count_facts_by_state(session: AsyncSession) -> dict[str, int]:
    """How many tickets stand in each state, counted one by one."""
    rows = await session.execute(select(Fact.state, func.count()).group_by(Fact.state))
    return dict(rows.all())


async def count_events_by_type(session: AsyncSession) -> dict[tuple[str, str], int]:
    """How many events were stored of each source and type."""
    rows = await session.execute(
        select(StoredEvent.source, StoredEvent.type, func.count()).group_by(
            StoredEvent.source, StoredEvent.type
        )
    )
    return {(source, kind): count for source, kind, count in rows}


async def recount(session: AsyncSession) -> list[dict[str, Any]]:
    """The rollup as it must be, counted from the facts one by one."""
    return [dict(row) for row in (await session.execute(text(RECOUNT))).mappings()]


async def list_rollup(session: AsyncSession) -> list[dict[str, Any]]:
    """The rollup as it is, without the rows in which nothing is left."""
    columns = [getattr(Rollup, name) for name in (*KEY, *MEASURES)]
    rows = await session.execute(select(*columns).where(Rollup.tickets != 0))
    return [dict(row) for row in rows.mappings()]


def _scope(caller: Principal, span: Span) -> list[ColumnElement[bool]]:
    """Only what is the caller's: a unit's own, else what lies in the caller's place."""
    conditions: list[ColumnElement[bool]] = []
    if caller.is_of_unit:
        conditions.append(Rollup.unit == caller.unit)
    else:
        conditions.append(lies_in(Rollup.jurisdiction, caller.jurisdiction))
    if span.jurisdiction is not None:
        conditions.append(lies_in(Rollup.jurisdiction, span.jurisdiction))
    if span.first_day is not None:
        conditions.append(Rollup.day >= span.first_day)
    if span.last_day is not None:
        conditions.append(Rollup.day <= span.last_day)
    return conditions
