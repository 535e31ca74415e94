"""Taking ratings, and counting them as they come: figures cost the same however many there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import rules
from services.intake.follow_ups.models import FollowUpTask
from services.intake.follow_ups.operations import current_task
from services.intake.follow_ups.rules import FollowUpOutcome, FollowUpState, state_after_rating
from services.intake.models import Rating, Ticket
from services.intake.operations import Acted, require_act, say
from services.intake.progress.operations import note
from services.intake.ratings.rules import Standing, counts, month_of, standing_of
from shared.database import Connection
from shared.events.chinese import CHINESE
from shared.events.intake import TicketRated
from shared.events.kinds import Cause
from shared.events.words import Act, CloseReason, Satisfaction
from shared.problems import ActRefused
from shared.runtime import Runtime

_COUNT = """INSERT INTO rating_figures AS f (jurisdiction, month, unit, standing, result, count)
{source} ON CONFLICT (jurisdiction, month, unit, standing, result)
DO UPDATE SET count = f.count + excluded.count"""
COUNT = _COUNT.format(
    source="""SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[],
    $6::int[]) ORDER BY 1, 2, 3, 4, 5"""
)
COUNT_ONE = text(
    _COUNT.format(source="VALUES (:jurisdiction, :month, :unit, :standing, :result, :count)")
)


class AlreadyRated(ActRefused):
    """This reply was rated before."""

    code = "already_rated"
    detail = "本次答复已经评价，不能重复评价。"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the caller thinks; `conforms` is a reviewer's word that the reply is lawful."""

    result: Satisfaction
    hotline: Satisfaction | None
    contact: Satisfaction | None
    is_solved: bool
    conforms: bool = False
    cause: Cause | None = None
    doubt: str | None = None
    comment: str | None = None


class Figure(NamedTuple):
    """What ratings one row of the figures counts."""

    jurisdiction: str
    month: date
    unit: str
    standing: Standing
    result: str


async def rate(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, *, by: str, opinion: Opinion
) -> Acted:
    """Record a rating (ZY 14.1); dispatch closes the ticket when it hears of it.

    Each reply is rated once; a reviewer may then find that it conforms. A doubt keeps the ticket
    open whatever the rating (ZY 14.2). Raises `ActRefused`, `AlreadyRated`.
    """
    require_act(ticket, Act.RATE)
    at = await runtime.clock.now(session)
    task = await current_task(session, ticket.id)
    is_first = await _require_unrated(session, ticket, task, conforms=opinion.conforms)
    reason: CloseReason | None = None
    if opinion.doubt is None:
        reason = rules.closes(opinion.result, conforms=opinion.conforms)
    counts_in_score = counts(is_enforcement=ticket.is_enforcement, is_mediation=ticket.is_mediation)
    rating = Rating(
        ticket_id=ticket.id,
        at=at,
        by=by,
        result=opinion.result,
        hotline=opinion.hotline,
        contact=opinion.contact,
        is_solved=opinion.is_solved,
        closes=reason,
        task_id=None if task is None else task.id,
        unit=ticket.unit if task is None else task.unit,
        cause=opinion.cause,
        doubt=opinion.doubt,
        comment=opinion.comment,
        standing=standing_of(reason, counts_in_score=counts_in_score) if is_first else None,
    )
    session.add(rating)
    await count_rating(session, ticket.jurisdiction, rating, 1)
    if task is not None:
        task.state = state_after_rating(reason)
        if reason is not None:
            task.outcome, task.ended_at = FollowUpOutcome.RATED, at
    note(session, ticket.id, TicketRated.type, at, {"result": str(opinion.result)})
    payload = TicketRated(
        result=opinion.result,
        hotline=opinion.hotline,
        contact=opinion.contact,
        is_solved=opinion.is_solved,
        closes=reason,
        cause=opinion.cause,
        doubt=opinion.doubt,
        counts=counts_in_score,
        reply=None if task is None else task.reply,
        rated_by=by,
    )
    return await say(session, runtime, ticket, at, payload)


async def find_rating(
    session: AsyncSession, ticket: Ticket, task: FollowUpTask | None
) -> Rating | None:
    """The last rating of the last reply that is not void; none where there is none."""
    found: Rating | None = await session.scalar(_last_first(ticket, task).limit(1))
    return found


async def find_counted(
    session: AsyncSession, ticket: Ticket, task: FollowUpTask | None
) -> Rating | None:
    """The one of them that stands in the figures, else the last: not what a reviewer added."""
    statement = _last_first(ticket, task, Rating.standing.is_(None))
    found: Rating | None = await session.scalar(statement.limit(1))
    return found


async def count_rating(
    session: AsyncSession, jurisdiction: str, rating: Rating, count: int
) -> None:
    """Add a rating to the figures, or take it out; it stands in them as its row says."""
    if rating.standing is None or rating.unit is None:
        return
    figure = Figure(
        jurisdiction, month_of(rating.at), rating.unit, Standing(rating.standing), rating.result
    )
    await session.execute(COUNT_ONE, figure._asdict() | {"count": count})


async def count_ratings(connection: Connection, figures: Sequence[Figure]) -> None:
    """Add many ratings to the figures, each row of them once."""
    counted = Counter(figures)
    if counted:
        rows = [(*figure, count) for figure, count in counted.items()]
        await connection.execute(COUNT, *map(list, zip(*rows, strict=True)))


def _last_first(
    ticket: Ticket, task: FollowUpTask | None, *before: ColumnElement[bool]
) -> Select[Rating]:
    """What is not void of a ticket's last reply, sorted by `before` and then the last first."""
    statement = select(Rating).where(Rating.ticket_id == ticket.id, Rating.voided_at.is_(None))
    if task is not None:
        statement = statement.where(Rating.task_id == task.id)
    return statement.order_by(*before, Rating.id.desc())


async def _require_unrated(
    session: AsyncSession, ticket: Ticket, task: FollowUpTask | None, *, conforms: bool
) -> bool:
    """Whether nobody rated this reply. Raises `AlreadyRated`, `ActRefused` while it is screened."""
    if task is not None and task.state == FollowUpState.SCREENING:
        raise ActRefused("甄别申请正在审核，请先作出决定（decide-screening）。", allowed=[])
    last = await find_rating(session, ticket, task)
    if last is None:
        return True
    if last.closes is not None or not conforms:
        level = CHINESE[Satisfaction(last.result)]
        raise AlreadyRated(f"本次答复已经评价为“{level}”，不能重复评价。", allowed=[])
    return False
