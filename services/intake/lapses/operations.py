"""The clock asks whether a caller has answered; silence counts, anything else needs a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from services.intake.follow_ups.rules import FollowUpOutcome, FollowUpState, silence_of
from services.intake.ratings.operations import Figure, count_ratings
from services.intake.ratings.rules import Standing, counts, month_of, standing_of
from shared import outbox
from shared.events.envelope import Event, Payload
from shared.events.intake import DeadlineAnswered, TicketRated
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, Satisfaction, State, Verdict
from shared.inbox import Heard, Wait
from shared.policy.law import Law

SYSTEM = "system"
BEFORE_REPLY = (
    *(State.VERIFYING, State.ACCEPTED, State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED),
    *(State.INTERIM_CLOSED, State.CHECKING, State.COORDINATING, State.LINKED),
)
LOCK = """SELECT id, state, jurisdiction, policy, is_enforcement, is_mediation FROM tickets
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"""
TASKS = """SELECT DISTINCT ON (f.ticket_id) f.ticket_id, f.id, f.unit, f.reply, f.replied_at,
    f.state, f.is_asked_again,
    (SELECT max(r.at) FROM ratings r WHERE r.task_id = f.id) AS rated_at,
    EXISTS (SELECT FROM disputes d WHERE d.ticket_id = f.ticket_id AND d.answered_at IS NULL)
        AS is_disputed
FROM follow_up_tasks f WHERE f.ticket_id = ANY($1::uuid[]) ORDER BY f.ticket_id, f.id DESC"""
COUNT_UP = """UPDATE tickets t SET sequence = t.sequence + m.more
FROM unnest($1::uuid[], $2::int[]) AS m (id, more) WHERE t.id = m.id RETURNING t.id, t.sequence"""
RATE = """INSERT INTO ratings (ticket_id, at, by, result, is_solved, closes, task_id, unit,
    standing)
SELECT r.ticket_id, $5, $6, r.result, true, $7, r.task_id, f.unit, r.standing
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
    AS r (ticket_id, task_id, standing, result)
JOIN follow_up_tasks f ON f.id = r.task_id"""
END = """UPDATE follow_up_tasks SET state = 'done', outcome = $2, ended_at = $3
WHERE id = ANY($1::uuid[])"""
NOTE = """INSERT INTO progress (ticket_id, event, at, words)
SELECT id, $3, $4, jsonb_build_object('result', $5::text, 'counts_as', counts_as)
FROM unnest($1::uuid[], $2::text[]) AS t (id, counts_as)"""
TIME = "SELECT coalesce($1::timestamptz, clock_timestamp())"


class Silence(NamedTuple):
    """A reply about which its caller said nothing."""

    ticket_id: UUID
    task_id: UUID
    unit: str
    reply: int
    jurisdiction: str
    counts: bool
    result: Satisfaction
    """What the law of the ticket takes silence for."""

    @property
    def standing(self) -> Standing:
        """How its rating stands in the figures."""
        return standing_of(CloseReason.LAPSED, counts_in_score=self.counts)


async def judge_silence(
    heard: Heard, events: Sequence[Event[DeadlineReached]], *, law: Law, source: str
) -> None:
    """Answer the clock under the lock that ratings take too: the two never cross.

    No answer: a rating that closes, and `missed`. A rating, a dispute, a screening, a redo: `met`,
    for a person decides. Raises `Wait` for an unknown ticket or reply, and where the clock here
    has not come to `due_at` yet: the caller could still answer in time.
    """
    ids = [UUID(event.subject) for event in events]
    tickets = {row["id"]: row for row in await heard.connection.fetch(LOCK, ids)}
    tasks = {row["ticket_id"]: row for row in await heard.connection.fetch(TASKS, ids)}
    at: datetime = await heard.connection.fetchval(TIME, heard.now)
    silent: dict[UUID, Silence] = {}
    for event in events:
        ticket_id, due_at = UUID(event.subject), event.data.due_at
        ticket, task = tickets.get(ticket_id), tasks.get(ticket_id)
        if ticket is None or (task is None and State(ticket["state"]) in BEFORE_REPLY):
            raise Wait(f"the reply of ticket {ticket_id} was not heard of yet")
        if task is None or not _is_silent(ticket, task, due_at):
            continue
        if at < due_at:
            raise Wait(f"the clock here is before {due_at}, when an answer is due")
        silent[ticket_id] = Silence(
            ticket_id,
            task["id"],
            task["unit"],
            task["reply"],
            ticket["jurisdiction"],
            counts(is_enforcement=ticket["is_enforcement"], is_mediation=ticket["is_mediation"]),
            silence_of(law, ticket["policy"], ticket["jurisdiction"], task["replied_at"]),
        )
    await _rate(heard, list(silent.values()), at)
    await _say(heard, events, silent, tasks, source=source, at=at)


def _is_silent(ticket: Record, task: Record, due_at: datetime) -> bool:
    """Whether nobody said anything of the reply that was due to be answered by `due_at`."""
    return (
        ticket["state"] == State.REPLIED
        and task["state"] == FollowUpState.OPEN
        and task["replied_at"] < due_at
        and not task["is_asked_again"]
        and not task["is_disputed"]
    )


async def _rate(heard: Heard, silent: Sequence[Silence], at: datetime) -> None:
    if not silent:
        return
    connection, tasks = heard.connection, [one.task_id for one in silent]
    tickets, standings = [one.ticket_id for one in silent], [one.standing for one in silent]
    results, lapsed = [one.result for one in silent], CloseReason.LAPSED
    await connection.execute(RATE, tickets, tasks, standings, results, at, SYSTEM, lapsed)
    await connection.execute(END, tasks, FollowUpOutcome.LAPSED, at)
    await connection.execute(NOTE, tickets, results, TicketRated.type, at, lapsed)
    month = month_of(at)
    await count_ratings(
        connection,
        [Figure(one.jurisdiction, month, one.unit, one.standing, one.result) for one in silent],
    )


async def _say(
    heard: Heard,
    events: Sequence[Event[DeadlineReached]],
    silent: Mapping[UUID, Silence],
    tasks: Mapping[UUID, Record],
    *,
    source: str,
    at: datetime,
) -> None:
    ids = [UUID(event.subject) for event in events]
    more = [2 if ticket_id in silent else 1 for ticket_id in ids]
    rows = await heard.connection.fetch(COUNT_UP, ids, more)
    sequences: dict[UUID, int] = {row["id"]: row["sequence"] for row in rows}
    said = list[Event[Payload]]()
    for event, ticket_id in zip(events, ids, strict=True):
        asked, sequence, quiet = event.data, sequences[ticket_id], silent.get(ticket_id)
        if quiet is not None:
            rated = TicketRated(
                result=quiet.result,
                is_solved=True,
                closes=CloseReason.LAPSED,
                counts=quiet.counts,
                reply=quiet.reply,
            )
            trace = event.traceparent
            said.append(Event(source, event.subject, sequence - 1, at, rated, trace))
        task = tasks.get(ticket_id)
        answered = DeadlineAnswered(
            step=asked.step,
            version=asked.version,
            due_at=asked.due_at,
            verdict=Verdict.MET if quiet is None else Verdict.MISSED,
            act_at=None if task is None else task["rated_at"],
        )
        said.append(Event(source, event.subject, sequence, at, answered, event.traceparent))
    await outbox.add_many(heard.connection, said)
