"""What the platform says that asks the caller of a forwarded request."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Rating, Ticket
from services.intake.operations import Acted, say
from services.intake.progress.operations import note
from shared.events.intake import TicketRated
from shared.events.words import Satisfaction
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Noted:
    """What the caller thought, as the platform heard that asked."""

    result: Satisfaction
    hotline: Satisfaction | None
    contact: Satisfaction | None
    is_solved: bool


async def note_rating(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, *, by: str, noted: Noted
) -> Acted:
    """Write down a rating that was taken where the ticket is at home.

    It counts there: it stands in no figure here, and closes nothing; the close comes by itself.
    """
    at = await runtime.clock.now(session)
    session.add(
        Rating(
            ticket_id=ticket.id,
            at=at,
            by=by,
            result=noted.result,
            hotline=noted.hotline,
            contact=noted.contact,
            is_solved=noted.is_solved,
            unit=ticket.unit,
        )
    )
    note(session, ticket.id, TicketRated.type, at, {"result": str(noted.result)})
    payload = TicketRated(
        result=noted.result,
        hotline=noted.hotline,
        contact=noted.contact,
        is_solved=noted.is_solved,
        counts=False,
    )
    return await say(session, runtime, ticket, at, payload)
