"""A caller wants to withdraw: said once, until dispatch has decided."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Ticket
from services.intake.operations import Acted, require_act, say
from services.intake.progress.models import ProgressLine
from services.intake.progress.operations import note
from shared.events.intake import TicketWithdrawalRequested
from shared.events.loop import TicketWithdrawalDeclined
from shared.events.words import Act
from shared.problems import ActRefused
from shared.runtime import Runtime

DECISIONS = (TicketWithdrawalRequested.type, TicketWithdrawalDeclined.type)


async def ask_to_withdraw(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, *, by: str | None, reason: str
) -> Acted:
    """Say that the caller wants to withdraw; `by` is none where the caller did it themselves.

    Dispatch decides: it was not replied yet, and endangers nobody. Raises `ActRefused` where it
    was replied, ended, or is asked already.
    """
    require_act(ticket, Act.WITHDRAW)
    last = await session.scalar(
        select(ProgressLine.event)
        .where(ProgressLine.ticket_id == ticket.id, ProgressLine.event.in_(DECISIONS))
        .order_by(ProgressLine.id.desc())
        .limit(1)
    )
    if last == TicketWithdrawalRequested.type:
        raise ActRefused("已经申请撤回，正在处理。", allowed=[Act.AMEND])
    at = await runtime.clock.now(session)
    note(session, ticket.id, TicketWithdrawalRequested.type, at, {})
    payload = TicketWithdrawalRequested(reason=reason, requested_by=by)
    return await say(session, runtime, ticket, at, payload)
