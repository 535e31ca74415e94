"""Ending a ticket that another platform forwarded, under the lock on its row."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.operations import Turn, say, unit_of
from services.dispatch.cases.closing import close_cases
from services.dispatch.co_handling.operations import end_co_handling
from services.dispatch.crossings.rules import end_of
from services.dispatch.models import Ticket
from services.dispatch.rules import state_after
from shared.crossing import platform_of
from shared.database import connection_of
from shared.events.dispatch import SentBack, TicketClosed, TicketWithdrawn
from shared.events.words import Act, CloseReason, ReturnGround
from shared.inbox import Heard
from shared.problems import NotFound
from shared.runtime import Runtime
from shared.security import Principal


async def take_settling(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, ticket_id: UUID
) -> Turn:
    """Lock a ticket that is at home at the caller's platform. Raises `NotFound`."""
    ticket = await session.get(Ticket, ticket_id, with_for_update=True)
    if ticket is None or ticket.home is None or ticket.home != platform_of(caller.subject):
        raise NotFound
    at = await runtime.clock.now(session)
    law = await runtime.law_book.read_in(session)
    return Turn(session, runtime.source, caller, ticket, at, law)


async def settle_ticket(turn: Turn, *, reason: CloseReason, text: str) -> None:
    """End the ticket here, since it ended at home; what has ended already stays as it is.

    A reply that crossed the end on its way stays; what nobody replied to is taken back.
    """
    match end_of(turn.ticket.state):
        case Act.CLOSE:
            turn.ticket.state = state_after(turn.ticket.state, Act.CLOSE)
            turn.ticket.closed_at = turn.at
            closed = TicketClosed(unit=unit_of(turn.ticket), reason=reason)
            await say(turn, closed, text=text, detail={"reason": reason})
        case Act.WITHDRAW:
            await _withdraw(turn, TicketWithdrawn(unit=turn.ticket.unit), text=text)
        case _:
            return


async def send_back(
    turn: Turn, *, ground: ReturnGround, reason: str, legal_basis: str, proposed_unit: str
) -> None:
    """Give the ticket back to the platform that forwarded it; that one decides (ZY 13.2).

    It ends here, and comes anew where that platform rejects the return.
    """
    given = SentBack(
        ground=ground,
        reason=reason,
        legal_basis=legal_basis,
        proposed_unit=proposed_unit,
        requested_by=turn.caller.subject,
    )
    detail = given.model_dump(mode="json", exclude={"reason", "requested_by"})
    data = TicketWithdrawn(unit=turn.ticket.unit, sent_back=given)
    await _withdraw(turn, data, text=reason, detail={"sent_back": detail})


async def _withdraw(
    turn: Turn, data: TicketWithdrawn, *, text: str, detail: dict[str, object] | None = None
) -> None:
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.WITHDRAW)
    ticket.withdrawn_at = turn.at
    ticket.draft = ticket.state_before_check = ticket.state_before_return = None
    await end_co_handling(turn)
    heard = Heard(await connection_of(turn.session), turn.at)
    await close_cases(heard, [ticket.id], because="来源平台已结束办理", at=turn.at)
    await say(turn, data, text=text, detail=detail)
