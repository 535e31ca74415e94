"""Judging a batch of deadlines under the locks that acts take too."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.dispatch.clocks.rules import report_deadline
from services.dispatch.judgements.rules import JUDGED_EVENTS, Done, ReportDue, judge
from services.dispatch.timeline.operations import Locked, lock_tickets, time_of_batch
from shared import outbox
from shared.calendars import Calendar
from shared.events.dispatch import DeadlineJudged
from shared.events.envelope import Event, Payload
from shared.events.sla import DeadlineReached
from shared.events.words import Step
from shared.inbox import Heard, Wait
from shared.policy.law import Law
from shared.policy.model import Pack

COUNT_UP = """UPDATE tickets SET sequence = sequence + 1 WHERE id = ANY($1::uuid[])
RETURNING id, sequence"""
DONE = """SELECT ticket_id, event, at, round FROM timeline
WHERE ticket_id = ANY($1::uuid[]) AND event = ANY($2::text[]) ORDER BY ticket_id, position"""


async def judge_deadlines(
    heard: Heard, events: Sequence[Event[DeadlineReached]], *, law: Law, source: str
) -> None:
    """Answer the clock: an act and its judgement never cross.

    Raises `Wait` for an unknown ticket, and where the clock here has not come to `due_at` yet:
    the act could still be done in time.
    """
    tickets = await lock_tickets(heard, events)
    ids = [event.subject for event in events]
    done: dict[UUID, list[Done]] = {}
    for ticket_id, *act in await heard.connection.fetch(DONE, ids, JUDGED_EVENTS):
        done.setdefault(ticket_id, []).append(Done(*act))
    rows = await heard.connection.fetch(COUNT_UP, ids)
    sequences = {row["id"]: row["sequence"] for row in rows}
    at = await time_of_batch(heard)
    said = list[Event[Payload]]()
    for event in events:
        ticket_id, asked = UUID(event.subject), event.data
        is_report = asked.step is Step.PROGRESS
        report_due = _report_due(tickets[ticket_id], law) if is_report else None
        acts = done.get(ticket_id, [])
        judgement = judge(asked.step, asked.due_at, acts, report_due=report_due)
        if judgement.act_at is None and at < asked.due_at:
            raise Wait(f"the clock here is before {asked.due_at}, when {asked.step} is due")
        data = DeadlineJudged(
            step=asked.step,
            version=asked.version,
            due_at=asked.due_at,
            verdict=judgement.verdict,
            act_at=judgement.act_at,
        )
        sequence = sequences[ticket_id]
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
    await outbox.add_many(heard.connection, said)


def _report_due(ticket: Locked, law: Law) -> ReportDue | None:
    pack = law.pack(ticket.policy or "")
    if pack is None:
        return None
    return partial(_next_report, pack, law.calendar(ticket.jurisdiction))


def _next_report(pack: Pack, calendar: Calendar, last_at: datetime) -> datetime | None:
    deadline = report_deadline(pack, calendar, last_at)
    return None if deadline is None else deadline.due_at
