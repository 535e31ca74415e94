"""What people look up of follow-ups."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.follow_ups.models import FollowUpTask
from services.intake.follow_ups.rules import FollowUpState
from services.intake.models import FollowUp, Ticket
from shared.places import lies_in
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks, and where the page begins."""

    state: FollowUpState
    jurisdiction: str | None
    after: UUID | None
    limit: int


async def list_tasks(
    session: AsyncSession, *, caller: Principal, wanted: Wanted
) -> list[tuple[FollowUpTask, Ticket]]:
    """Tasks in one state with their tickets, the longest waiting first."""
    within = lies_in(FollowUpTask.jurisdiction, caller.jurisdiction)
    statement = (
        select(FollowUpTask, Ticket)
        .join(Ticket, Ticket.id == FollowUpTask.ticket_id)
        .where(FollowUpTask.state == wanted.state, within)
        .order_by(FollowUpTask.id)
        .limit(wanted.limit)
    )
    if wanted.jurisdiction is not None:
        statement = statement.where(lies_in(FollowUpTask.jurisdiction, wanted.jurisdiction))
    if wanted.after is not None:
        statement = statement.where(FollowUpTask.id > wanted.after)
    return [(task, ticket) for task, ticket in await session.execute(statement)]


async def list_attempts(session: AsyncSession, tasks: list[UUID]) -> dict[UUID, list[FollowUp]]:
    """What came of each time that the caller was asked, by task, in order."""
    found: dict[UUID, list[FollowUp]] = {task: [] for task in tasks}
    rows = await session.scalars(
        select(FollowUp).where(FollowUp.task_id.in_(tasks)).order_by(FollowUp.id)
    )
    for row in rows:
        assert row.task_id is not None, "it was found by its task"
        found[row.task_id].append(row)
    return found
