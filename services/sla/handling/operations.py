"""One act on a ticket's handling time: locked, its law at hand, then moved and said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import TicketClock, TicketDeadline
from services.sla.operations import replace_deadlines
from services.sla.orders.settling import Fulfilment, fulfil_reminders
from services.sla.rules import OPEN_STATES, Adjustment, DeadlineState, Start, recount
from shared import outbox
from shared.calendars import Calendar
from shared.database import connection_of
from shared.events.envelope import Event
from shared.events.sla import SlaPayload
from shared.events.words import Step
from shared.policy.model import Pack
from shared.problems import ActRefused, NotFound, NotHeardYet
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

END = """UPDATE deadlines SET state = $4 WHERE ticket_id = $1 AND step = $2 AND version = $3"""
MOVED = "办理时限已变更，尚未到期"
TO_BE_DONE = (*OPEN_STATES, DeadlineState.OVERDUE)


class NothingRunning(ActRefused):
    """No handling time runs that could be moved."""

    code = "nothing_running"
    detail = "工单没有正在计时的办理时限。"


@dataclass(frozen=True, slots=True)
class Turn:
    """One act at hand: clock and handling locked, who acts, the law, the time after the locks."""

    session: AsyncSession
    source: str
    caller: Principal
    clock: TicketClock
    present: TicketDeadline | None
    """The present version of the handling time, in whatever state."""
    pack: Pack
    calendar: Calendar
    at: datetime

    @property
    def running(self) -> TicketDeadline | None:
        """The handling that is still to be done, its time over or not, paused or not."""
        clock, present = self.clock, self.present
        if clock.is_closed or clock.replied_at is not None or clock.interim_at is not None:
            return None
        return present if present is not None and present.state in TO_BE_DONE else None

    @property
    def unit(self) -> str:
        """Whose the ticket is."""
        assert self.clock.unit is not None, "a unit sees what is its own"
        return self.clock.unit


async def take_turn(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, ticket_id: UUID
) -> Turn:
    """Lock a ticket's clock, then its handling time. Raises `NotFound` where it is not theirs."""
    clock = await session.get(TicketClock, ticket_id, with_for_update={"key_share": True})
    if clock is None or not caller.sees(clock.jurisdiction, clock.unit, secrecy=clock.secrecy):
        raise NotFound
    present = await session.scalar(
        select(TicketDeadline)
        .where(TicketDeadline.ticket_id == ticket_id, TicketDeadline.step == Step.HANDLE)
        .order_by(TicketDeadline.version.desc())
        .limit(1)
        .with_for_update(key_share=True)
    )
    law = await runtime.law_book.read_in(session, is_held=True)
    pack = law.pack(clock.policy)
    if pack is None:
        raise NotHeardYet
    return Turn(
        session=session,
        source=runtime.source,
        caller=caller,
        clock=clock,
        present=present,
        pack=pack,
        calendar=law.calendar(clock.jurisdiction),
        at=await runtime.clock.now(session),
    )


async def move(
    turn: Turn,
    present: TicketDeadline,
    *,
    adjustments: Sequence[Adjustment],
    law_limit: Mapping[str, Any] | None,
) -> tuple[Start, int]:
    """Give the handling its next version, counted from its own start; returns it and its number.

    What ran is moved; what was said to be overdue stays so. The next version runs on, and what
    reminded of the earlier time is settled; but where it is over too and that was said of this
    handling, it is overdue with the earlier one: nothing is declared overdue twice for one start.
    """
    clock = turn.clock
    start = recount(
        turn.pack,
        turn.calendar,
        clock.matter,
        Step.HANDLE,
        starts_at=present.starts_at,
        adjustments=adjustments,
        law_limit=law_limit,
    )
    assert start is not None, "every pack has a handling time"
    connection = await connection_of(turn.session)
    is_over = start.due_at < turn.at
    is_said = is_over and await _is_said(turn, present)
    versions = await replace_deadlines(connection, [(clock.ticket_id, start)])
    version = versions[clock.ticket_id, Step.HANDLE]
    if is_said:
        await connection.execute(END, clock.ticket_id, Step.HANDLE, version, DeadlineState.OVERDUE)
    if not is_over:
        trace = current_traceparent()
        given = Fulfilment(clock.ticket_id, turn.at, [Step.HANDLE], MOVED, trace)
        await fulfil_reminders(connection, [given], source=turn.source, now=turn.at)
    return start, version


async def say(turn: Turn, payload: SlaPayload) -> None:
    """Say what was done, with the ticket's next sequence of ours."""
    clock = turn.clock
    clock.sequence += 1
    event = Event(
        turn.source,
        str(clock.ticket_id),
        clock.sequence,
        turn.at,
        payload,
        current_traceparent(),
    )
    await outbox.add(turn.session, event)


async def _is_said(turn: Turn, present: TicketDeadline) -> bool:
    """Whether this handling was said to be overdue, and its unit was not late for another time."""
    if present.state == DeadlineState.OVERDUE:
        return True
    if present.state == DeadlineState.PAUSED or present.due_at < turn.at:
        return False
    earlier = select(TicketDeadline.version).where(
        TicketDeadline.ticket_id == present.ticket_id,
        TicketDeadline.step == present.step,
        TicketDeadline.starts_at == present.starts_at,
        TicketDeadline.state == DeadlineState.OVERDUE,
    )
    return bool(await turn.session.scalar(select(earlier.exists())))
