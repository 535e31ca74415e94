"""What a caller sees of their request."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.follow_ups.models import FollowUpTask
from services.intake.models import Rating, Ticket, Unit
from services.intake.progress.models import ProgressLine
from services.intake.public.rules import Line

LINES_MAX = 500


class View(NamedTuple):
    """One request, and what its caller may see of it."""

    ticket: Ticket
    lines: Sequence[Line]
    unit_names: dict[str, str]
    task: FollowUpTask | None
    is_rated: bool


async def read_view(session: AsyncSession, ticket_id: UUID) -> View:
    """The request with all that may be seen of it; the same few statements for each."""
    ticket = await session.get_one(Ticket, ticket_id)
    rows = await session.scalars(
        select(ProgressLine)
        .where(ProgressLine.ticket_id == ticket_id)
        .order_by(ProgressLine.id.desc())
        .limit(LINES_MAX)
    )
    lines = [Line(row.event, row.at, row.unit, row.words) for row in rows][::-1]
    units = {line.unit for line in lines if line.unit is not None}
    names = await session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(units)))
    task = await session.scalar(
        select(FollowUpTask)
        .where(FollowUpTask.ticket_id == ticket_id)
        .order_by(FollowUpTask.id.desc())
        .limit(1)
    )
    rated = await session.scalar(
        select(Rating.id)
        .where(
            Rating.ticket_id == ticket_id,
            Rating.task_id == (None if task is None else task.id),
            Rating.voided_at.is_(None),
        )
        .limit(1)
    )
    return View(
        ticket, lines, {row.code: row.name for row in names}, task, is_rated=rated is not None
    )
