"""Promises: made and taken back by a unit, and laid beside the handling times that begin (C9)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Promise
from services.sla.promises.rules import (
    Promised,
    PromiseUnit,
    promised_at,
    refusal_of_promise,
)
from services.sla.rules import OPEN_STATES
from shared.database import Connection
from shared.events.words import RequestType
from shared.inbox import Wait
from shared.policy.law import Law
from shared.problems import NotFound, field_error
from shared.runtime import Runtime
from shared.security import Principal

# A promise holds for handling that begins after it was made.
FIND = """SELECT d.ticket_id, d.version, d.starts_at, d.due_at, c.policy, c.jurisdiction, p.amount,
    p.length_unit
FROM clocks c JOIN deadlines d ON d.ticket_id = c.ticket_id AND d.step = 'handle'
    AND d.state = ANY($2::text[])
JOIN promises p ON p.unit = c.unit AND p.request_type = c.request_type
    AND p.promised_at <= d.starts_at
WHERE c.ticket_id = ANY($1::uuid[])"""
FORGET = """UPDATE deadlines SET promised_at = NULL
WHERE ticket_id = ANY($1::uuid[]) AND step = 'handle' AND promised_at IS NOT NULL
    AND state = ANY($2::text[])"""
LAY = """UPDATE deadlines d SET promised_at = a.at
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS a (ticket_id, version, at)
WHERE d.ticket_id = a.ticket_id AND d.step = 'handle' AND d.version = a.version"""


async def put_promise(
    session: AsyncSession,
    runtime: Runtime,
    *,
    caller: Principal,
    unit: str,
    request_type: RequestType,
    promise: Promised,
) -> Promise:
    """The unit binds itself to a shorter time (ZY 13.2).

    Raises `NotFound` for another's unit, `Malformed` unless it is shorter than the pack's of the
    unit's place.
    """
    _require_own(caller, unit)
    at = await runtime.clock.now(session)
    law = await runtime.law_book.read_in(session)
    pack = law.in_force(caller.jurisdiction, at)
    calendar = law.calendar(caller.jurisdiction)
    refusal = refusal_of_promise(pack, calendar, request_type, promise, since=at)
    if refusal is not None:
        raise field_error("amount", "promise_not_shorter", refusal)
    values = {
        "jurisdiction": caller.jurisdiction,
        "amount": promise.amount,
        "length_unit": promise.unit,
        "promised_at": at,
        "promised_by": caller.subject,
    }
    statement = insert(Promise).values(unit=unit, request_type=request_type, **values)
    key = (Promise.unit, Promise.request_type)
    kept = await session.scalars(
        statement.on_conflict_do_update(index_elements=key, set_=values).returning(Promise)
    )
    return kept.one()


async def take_back_promises(
    session: AsyncSession, *, caller: Principal, unit: str, request_type: RequestType | None
) -> None:
    """The unit takes back its promise of a type, or all; what runs keeps what was promised.

    Raises `NotFound` for another's unit, or where nothing was promised.
    """
    _require_own(caller, unit)
    statement = delete(Promise).where(Promise.unit == unit)
    if request_type is not None:
        statement = statement.where(Promise.request_type == request_type)
    gone = await session.scalars(statement.returning(Promise.request_type))
    if not gone.all():
        raise NotFound("没有这项承诺。")


async def lay_promises(connection: Connection, law: Law, ticket_ids: Sequence[UUID]) -> None:
    """Lay the units' promises beside the handling times of some tickets, and only there.

    Overdue is counted by the pack's time alone. Hold the locks on the clocks.
    """
    rows = await connection.fetch(FIND, ticket_ids, OPEN_STATES)
    if not rows:
        return
    found: list[datetime | None] = []
    for row in rows:
        pack = law.pack(row["policy"])
        if pack is None:
            raise Wait(f"policy {row['policy']} was not heard of")
        promise = Promised(row["amount"], PromiseUnit(row["length_unit"]))
        calendar = law.calendar(row["jurisdiction"])
        at = promised_at(pack, calendar, promise, row["starts_at"])
        # A limit set by law may be shorter still: then there is nothing to show.
        found.append(at if at < row["due_at"] else None)
    await connection.execute(
        LAY, [row["ticket_id"] for row in rows], [row["version"] for row in rows], found
    )


async def forget_promises(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """What was promised for a ticket as it was before its correction is shown no longer."""
    await connection.execute(FORGET, ticket_ids, OPEN_STATES)


def _require_own(caller: Principal, unit: str) -> None:
    if unit != caller.unit:
        raise NotFound
