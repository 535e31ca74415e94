"""Asking for a screening, and deciding it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.attachments.operations import require_evidence
from services.intake.follow_ups.operations import current_task
from services.intake.follow_ups.rules import FollowUpOutcome, FollowUpState
from services.intake.models import Rating, Ticket
from services.intake.operations import Acted, lock_ticket, require_act, say
from services.intake.ratings.operations import count_rating, find_rating
from services.intake.ratings.rules import BAD, Standing
from services.intake.screenings.models import Screening
from services.intake.sight import is_seen
from shared.events.callers import TicketScreened, TicketScreeningRequested
from shared.events.kinds import Cause
from shared.events.words import Act, Satisfaction
from shared.problems import ActRefused, NotAllowed, NotFound
from shared.runtime import Runtime
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Plea:
    """Why a unit says that it is not its doing."""

    cause: Cause
    explanation: str
    evidence: Sequence[UUID]


async def ask_for_screening(
    session: AsyncSession, runtime: Runtime, ticket_id: UUID, *, caller: Principal, plea: Plea
) -> Acted:
    """The unit says that what dissatisfies has an objective cause (ZY 14.2).

    Raises `NotFound` where the ticket is not its own, `ActRefused` where its reply has no bad
    rating or was screened before, `Malformed` for evidence that is not on the ticket.
    """
    ticket = await lock_ticket(session, ticket_id)
    if not is_seen(ticket, caller, as_unit=True):
        raise NotFound
    require_act(ticket, Act.SCREEN)
    task = await current_task(session, ticket.id)
    rating = await find_rating(session, ticket, task)
    if task is None or rating is None or Satisfaction(rating.result) not in BAD:
        raise ActRefused("本次答复没有不满意的评价，无须甄别。", allowed=[])
    if task.state == FollowUpState.SCREENING:
        raise ActRefused("甄别申请正在审核。", allowed=[])
    if await _was_screened(session, rating):
        raise ActRefused("这次评价已经甄别过，请重新办理或者说明。", allowed=[])
    if task.state == FollowUpState.DONE:
        raise ActRefused("这次评价已经处理，工单正在办结。", allowed=[])
    await require_evidence(session, ticket.id, plea.evidence)
    at = await runtime.clock.now(session)
    assert ticket.unit is not None, "a unit sees what is its own"
    session.add(
        Screening(
            id=uuid7(),
            ticket_id=ticket.id,
            task_id=task.id,
            rating_id=rating.id,
            jurisdiction=ticket.jurisdiction,
            unit=ticket.unit,
            cause=plea.cause,
            explanation=plea.explanation,
            evidence=list(plea.evidence),
            requested_by=caller.subject,
            requested_at=at,
        )
    )
    task.state = FollowUpState.SCREENING
    payload = TicketScreeningRequested(
        unit=ticket.unit,
        cause=plea.cause,
        explanation=plea.explanation,
        evidence=tuple(plea.evidence),
        requested_by=caller.subject,
    )
    return await say(session, runtime, ticket, at, payload)


async def decide_screening(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    *,
    caller: Principal,
    is_granted: bool,
    reason: str,
) -> Acted:
    """A second person decides (ZY 14.2): granted, dispatch closes the ticket as screened.

    Rejected, it stays open to a redo. Raises `ActRefused` where nothing is to be decided,
    `NotAllowed` for who asked.
    """
    require_act(ticket, Act.DECIDE_SCREENING)
    screening = await session.scalar(
        select(Screening).where(Screening.ticket_id == ticket.id, Screening.ended_at.is_(None))
    )
    task = await current_task(session, ticket.id)
    if screening is None or task is None:
        raise ActRefused("没有待审核的甄别申请。", allowed=[])
    if screening.requested_by == caller.subject:
        raise NotAllowed("甄别申请须由申请人以外的人审核。")
    at = await runtime.clock.now(session)
    screening.is_granted, screening.reason = is_granted, reason
    screening.decided_by, screening.ended_at = caller.subject, at
    if is_granted:
        task.state, task.outcome, task.ended_at = FollowUpState.DONE, FollowUpOutcome.SCREENED, at
        await _count_as_screened(session, ticket, screening)
    else:
        task.state = FollowUpState.UNSATISFIED
    payload = TicketScreened(
        unit=screening.unit,
        cause=Cause(screening.cause),
        is_granted=is_granted,
        reason=reason,
        decided_by=caller.subject,
        reply=task.reply,
    )
    return await say(session, runtime, ticket, at, payload)


async def _count_as_screened(session: AsyncSession, ticket: Ticket, screening: Screening) -> None:
    rating = await session.get_one(Rating, screening.rating_id)
    if rating.standing == Standing.COUNTED and rating.voided_at is None:
        await count_rating(session, ticket.jurisdiction, rating, -1)
        rating.standing = Standing.SCREENED
        await count_rating(session, ticket.jurisdiction, rating, 1)


async def _was_screened(session: AsyncSession, rating: Rating) -> bool:
    found = await session.scalar(select(Screening.id).where(Screening.rating_id == rating.id))
    return found is not None
