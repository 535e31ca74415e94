"""Complaining about a rating, and answering the complaint."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.disputes.models import CALLER, Dispute
from services.intake.disputes.rules import answered
from services.intake.follow_ups.models import FollowUpTask
from services.intake.follow_ups.operations import current_task
from services.intake.follow_ups.rules import FollowUpOutcome, FollowUpState, question
from services.intake.models import Rating, Ticket
from services.intake.operations import Acted, lock_ticket, say
from services.intake.progress.operations import note
from services.intake.quality.risks import note_risk
from services.intake.quality.rules import Reason
from services.intake.ratings.operations import count_rating, find_counted
from services.intake.screenings.models import Screening
from shared import notices
from shared.events.callers import RatingDisputeAnswered, RatingDisputed
from shared.events.chinese import CHINESE
from shared.events.intake import TicketRated
from shared.events.words import State
from shared.notices import Notice, NoticeKind
from shared.problems import ActRefused, NotAllowed, NotFound
from shared.reading import require_shown
from shared.runtime import Runtime
from shared.security import Principal

DISPUTABLE = (State.REPLIED, State.CLOSED)


async def dispute_rating(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, *, by: str, text: str
) -> Acted:
    """Complain about the last rating, or, for the caller, about how it was asked for (JL 六(四)).

    Raises `ActRefused` before a reply, while an earlier complaint waits, and, for a unit, where
    nothing was rated.
    """
    state = State(ticket.state)
    if state not in DISPUTABLE:
        raise ActRefused(f"工单{CHINESE[state]}，没有可以申诉的评价。", allowed=[])
    if await _find_open(session, ticket.id) is not None:
        raise ActRefused("已有评价申诉正在处理。", allowed=[])
    rating = await find_counted(session, ticket, await current_task(session, ticket.id))
    if rating is None and by != CALLER:
        raise ActRefused("本次答复还没有评价。", allowed=[])
    at = await runtime.clock.now(session)
    dispute = Dispute(
        id=uuid7(),
        ticket_id=ticket.id,
        rating_id=None if rating is None else rating.id,
        jurisdiction=ticket.jurisdiction,
        unit=ticket.unit,
        text=text,
        disputed_by=by,
        disputed_at=at,
    )
    session.add(dispute)
    await note_risk(session, ticket.id, Reason.DISPUTED, at=at)
    payload = RatingDisputed(dispute=dispute.id, disputed_by=by, text=text)
    return await say(session, runtime, ticket, at, payload)


async def answer_dispute(
    session: AsyncSession,
    runtime: Runtime,
    dispute_id: UUID,
    *,
    caller: Principal,
    is_upheld: bool,
    answer: str,
) -> tuple[Acted, Dispute]:
    """Somebody who did not take the rating looks into it and answers.

    Upheld, the rating is void: it is kept and marked, and counts nowhere; where the ticket is not
    over, its caller is asked again. Who complained as the caller is told. Raises `NotFound`,
    `ActRefused` where it was answered, `NotAllowed` for who took the rating or found of it that
    the reply conforms.
    """
    found = await session.get(Dispute, dispute_id)
    if found is None:
        raise NotFound
    ticket = await lock_ticket(session, found.ticket_id)
    await require_shown(session, runtime, caller, Dispute.id, [dispute_id])
    await session.refresh(found)
    if found.answered_at is not None:
        raise ActRefused("这次评价申诉已经答复。", allowed=[])
    ratings = await _find_disputed(session, found)
    if any(one.by == caller.subject for one in ratings):
        raise NotAllowed("评价申诉须由未经手该评价的人答复。")
    at = await runtime.clock.now(session)
    found.is_upheld, found.answer = is_upheld, answer
    found.answered_by, found.answered_at = caller.subject, at
    if is_upheld and ratings:
        await _make_void(session, ticket, ratings, at=at)
    if found.disputed_by == CALLER:
        await _tell_caller(session, ticket, found, is_void=is_upheld and bool(ratings), at=at)
    payload = RatingDisputeAnswered(
        dispute=found.id, is_upheld=is_upheld, answer=answer, answered_by=caller.subject
    )
    return await say(session, runtime, ticket, at, payload), found


async def _find_disputed(session: AsyncSession, dispute: Dispute) -> list[Rating]:
    """The rating with what a reviewer found of it; none where nothing was rated."""
    if dispute.rating_id is None:
        return []
    task = select(Rating.task_id).where(Rating.id == dispute.rating_id).scalar_subquery()
    # Where no task was, that is null and equal to none.
    statement = select(Rating).where(
        Rating.ticket_id == dispute.ticket_id,
        (Rating.id == dispute.rating_id) | (Rating.task_id == task),
        Rating.voided_at.is_(None),
    )
    return list(await session.scalars(statement))


async def _make_void(
    session: AsyncSession, ticket: Ticket, ratings: Sequence[Rating], *, at: datetime
) -> None:
    """Take them out of the figures; what was to be screened of them needs no decision."""
    for one in ratings:
        # Only the first of a reply stands in the figures.
        await count_rating(session, ticket.jurisdiction, one, -1)
        one.voided_at = at
    ids = [one.id for one in ratings]
    await session.execute(
        update(Screening)
        .where(Screening.rating_id.in_(ids), Screening.ended_at.is_(None))
        .values(ended_at=at)
    )
    task = await current_task(session, ticket.id)
    if ticket.state != State.REPLIED or task is None or task.state == FollowUpState.DONE:
        return
    if task.id in {one.task_id for one in ratings}:
        await _ask_again(session, ticket, task, at=at)


async def _ask_again(
    session: AsyncSession, ticket: Ticket, task: FollowUpTask, *, at: datetime
) -> None:
    """A new task about the same reply; silence closes nothing any more: a person must ask."""
    task.state, task.outcome, task.ended_at = FollowUpState.DONE, FollowUpOutcome.VOID, at
    # The old task must have ended before another may be open.
    await session.flush()
    session.add(
        FollowUpTask(
            id=uuid7(),
            ticket_id=ticket.id,
            jurisdiction=ticket.jurisdiction,
            unit=task.unit,
            reply=task.reply,
            replied_at=task.replied_at,
            is_asked_again=True,
            state=FollowUpState.OPEN,
        )
    )
    text = question(ticket.number, None)
    notice = Notice(NoticeKind.CALLER, str(ticket.id), ticket.id, TicketRated.type, text)
    await notices.add(session, notice, at=at)


async def _tell_caller(
    session: AsyncSession, ticket: Ticket, dispute: Dispute, *, is_void: bool, at: datetime
) -> None:
    """The answer stands in the caller's own view; the notice only says that there is one."""
    words = {"is_upheld": dispute.is_upheld, "is_void": is_void, "answer": dispute.answer}
    note(session, ticket.id, RatingDisputeAnswered.type, at, words)
    text = answered(ticket.number)
    to = str(ticket.id)
    notice = Notice(NoticeKind.CALLER, to, ticket.id, RatingDisputeAnswered.type, text)
    await notices.add(session, notice, at=at)


async def _find_open(session: AsyncSession, ticket_id: UUID) -> Dispute | None:
    found: Dispute | None = await session.scalar(
        select(Dispute).where(Dispute.ticket_id == ticket_id, Dispute.answered_at.is_(None))
    )
    return found
