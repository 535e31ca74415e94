"""Asking callers about replies: tasks as replies are heard, claims, and what came of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.follow_ups.models import FollowUpTask
from services.intake.follow_ups.rules import (
    FollowUpOutcome,
    FollowUpState,
    is_claimed,
    question,
    silence_of,
)
from services.intake.models import FollowUp, Ticket
from services.intake.operations import Acted, require_act, say
from services.intake.sight import is_seen
from shared import notices
from shared.calendars import local
from shared.database import Connection
from shared.events.dispatch import TicketReplied
from shared.events.intake import TicketFollowedUp
from shared.events.kinds import Cause, FollowUpWay
from shared.events.words import Act
from shared.notices import Notice, NoticeKind
from shared.policy.law import Law
from shared.problems import ActRefused, NotFound
from shared.runtime import Runtime
from shared.security import Principal

OPEN = """WITH opened AS (
    INSERT INTO follow_up_tasks (id, ticket_id, jurisdiction, unit, reply, replied_at, state)
    SELECT n.id, t.id, t.jurisdiction, n.unit, n.reply, n.replied_at, 'open'
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::timestamptz[])
        AS n (id, ticket_id, unit, reply, replied_at) JOIN tickets t ON t.id = n.ticket_id
    RETURNING ticket_id
)
SELECT t.id, t.number, t.policy, t.jurisdiction
FROM opened JOIN tickets t ON t.id = opened.ticket_id"""
END = """UPDATE follow_up_tasks f SET state = 'done', outcome = $3, ended_at = e.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS e (ticket_id, at)
WHERE f.ticket_id = e.ticket_id AND f.state <> 'done'"""
OVERTAKE = """UPDATE screenings s SET ended_at = e.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS e (ticket_id, at)
WHERE s.ticket_id = e.ticket_id AND s.ended_at IS NULL"""


class Replied(NamedTuple):
    """A reply that its caller must be asked about."""

    ticket_id: UUID
    unit: str
    reply: int
    at: datetime


class Ended(NamedTuple):
    """A ticket about which nobody is to be asked any more."""

    ticket_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What came of asking the caller about a reply."""

    is_reached: bool
    is_solved: bool | None
    note: str | None
    way: FollowUpWay | None = None
    cause: Cause | None = None


async def open_tasks(connection: Connection, replied: Sequence[Replied], *, law: Law) -> None:
    """A task for each reply (ZY 14). What was asked about an earlier reply is over."""
    await end_tasks(
        connection, [Ended(one.ticket_id, one.at) for one in replied], FollowUpOutcome.REDONE
    )
    ids = [uuid7() for _ in replied]
    rows = await connection.fetch(OPEN, ids, *map(list, zip(*replied, strict=True)))
    at = {one.ticket_id: one.at for one in replied}
    asked = [
        Notice(
            NoticeKind.CALLER,
            str(row["id"]),
            row["id"],
            TicketReplied.type,
            question(
                row["number"],
                silence_of(law, row["policy"], row["jurisdiction"], at[row["id"]]),
            ),
        )
        for row in rows
    ]
    await notices.add_many(connection, asked, at=replied[0].at)


async def end_tasks(
    connection: Connection, ended: Sequence[Ended], outcome: FollowUpOutcome
) -> None:
    """Nobody is asked any more, and what was to be screened needs no decision."""
    columns = [list(column) for column in zip(*ended, strict=True)]
    await connection.execute(END, *columns, outcome)
    await connection.execute(OVERTAKE, *columns)


async def current_task(session: AsyncSession, ticket_id: UUID) -> FollowUpTask | None:
    """The latest task of a ticket; none before its first reply. Hold the lock on the ticket."""
    found: FollowUpTask | None = await session.scalar(
        select(FollowUpTask)
        .where(FollowUpTask.ticket_id == ticket_id)
        .order_by(FollowUpTask.id.desc())
        .limit(1)
    )
    return found


async def claim_task(
    session: AsyncSession, runtime: Runtime, task_id: UUID, *, caller: Principal
) -> FollowUpTask:
    """Take a task, so that nobody else calls the same caller (A10).

    Raises `NotFound`, `ActRefused` where it has ended or another seat has it.
    """
    task = await session.get(FollowUpTask, task_id, with_for_update=True)
    if task is None:
        raise NotFound
    if not is_seen(await session.get_one(Ticket, task.ticket_id), caller):
        raise NotFound
    at = await runtime.clock.now(session)
    if task.state == FollowUpState.DONE:
        raise ActRefused("这次回访已经结束。", allowed=[])
    require_free(task, runtime, by=caller.subject, at=at)
    task.claimed_by, task.claimed_at = caller.subject, at
    return task


async def follow_up(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, *, by: str, inquiry: Inquiry
) -> Acted:
    """Record that the caller was asked (ZY 14): reached or not, as often as it takes.

    Raises `ActRefused` where nothing is replied, or while another seat has the task.
    """
    require_act(ticket, Act.FOLLOW_UP)
    at = await runtime.clock.now(session)
    task = await current_task(session, ticket.id)
    if task is not None:
        require_free(task, runtime, by=by, at=at)
        task.attempts += 1
        task.claimed_by = task.claimed_at = None
        if inquiry.is_solved is False and task.state == FollowUpState.OPEN:
            task.state = FollowUpState.UNSATISFIED
    session.add(
        FollowUp(
            ticket_id=ticket.id,
            at=at,
            by=by,
            is_reached=inquiry.is_reached,
            is_solved=inquiry.is_solved,
            note=inquiry.note,
            way=inquiry.way,
            cause=inquiry.cause,
            task_id=None if task is None else task.id,
        )
    )
    payload = TicketFollowedUp(
        is_reached=inquiry.is_reached,
        is_solved=inquiry.is_solved,
        note=inquiry.note,
        way=inquiry.way,
        cause=inquiry.cause,
        followed_up_by=by,
    )
    return await say(session, runtime, ticket, at, payload)


def require_free(task: FollowUpTask, runtime: Runtime, *, by: str, at: datetime) -> None:
    """Raise `ActRefused` while another seat has the task."""
    minutes = runtime.settings.follow_up_claim_minutes
    if is_claimed(task.claimed_at, task.claimed_by, by=by, at=at, minutes=minutes):
        assert task.claimed_at is not None, "what is claimed was claimed at some time"
        since = f"{local(task.claimed_at):%H:%M}"
        raise ActRefused(f"另一座席自 {since} 起正在回访，{minutes} 分钟内不重复联系。", allowed=[])
