"""Reading all that decides whom a ticket goes to."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.queries import find_book, list_members
from services.dispatch.directory.rules import Question, is_off_duty
from services.dispatch.explanations.rules import Considered, consider
from services.dispatch.models import Ticket, TimelineEntry
from services.dispatch.suggestions.models import Suggestion
from services.dispatch.suggestions.queries import find_returning_units, find_suggestion
from shared.events.dispatch import TicketDispatched
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Explained:
    """A ticket, the rules for it as they are now, its last dispatch, and what is suggested."""

    ticket: Ticket
    considered: list[Considered]
    returned: list[str]
    last: TimelineEntry | None
    suggestion: Suggestion | None


async def explain_question(
    session: AsyncSession,
    question: Question,
    *,
    returned: frozenset[str] = frozenset(),
    needs_duty: bool = False,
) -> list[Considered]:
    """The rules that fit a question, with those of inactive units."""
    book = await find_book(session, question.jurisdiction, with_inactive=True)
    members = await list_members(session)
    return consider(
        book._replace(units={one.code: one for one in members}),
        question,
        inactive={one.code for one in members if not one.is_active},
        returned=returned,
        needs_duty=needs_duty,
    )


async def explain_ticket(session: AsyncSession, runtime: Runtime, ticket: Ticket) -> Explained:
    """Why a ticket goes where it goes, as a dispatch at this moment would decide."""
    law = await runtime.law_book.read_in(session)
    returned = (await find_returning_units(session, [ticket.id])).get(ticket.id, set())
    needs_duty = is_off_duty(
        ticket.urgency,
        await runtime.clock.now(session),
        pack=law.pack(ticket.policy or ""),
        calendar=law.calendar(ticket.jurisdiction),
    )
    question = Question(
        ticket.handling_place, ticket.category, ticket.request_type, ticket.about_unit
    )
    return Explained(
        ticket,
        await explain_question(
            session, question, returned=frozenset(returned), needs_duty=needs_duty
        ),
        sorted(returned),
        await _last_dispatch(session, ticket.id),
        await find_suggestion(session, ticket.id),
    )


async def find_by_number(session: AsyncSession, number: str) -> Ticket | None:
    """The newest ticket of a number."""
    statement = select(Ticket).where(Ticket.number == number).order_by(Ticket.id.desc()).limit(1)
    found: Ticket | None = await session.scalar(statement)
    return found


async def _last_dispatch(session: AsyncSession, ticket_id: UUID) -> TimelineEntry | None:
    found: TimelineEntry | None = await session.scalar(
        select(TimelineEntry)
        .where(TimelineEntry.ticket_id == ticket_id, TimelineEntry.event == TicketDispatched.type)
        .order_by(TimelineEntry.position.desc())
        .limit(1)
    )
    return found
