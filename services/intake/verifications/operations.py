"""A unit says whether a request is in scope; the clock asks whether it did so in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.abuses.operations import say_abuses
from services.intake.attachments.operations import say_files
from services.intake.conclusions.rules import accepted, refused
from services.intake.emergencies.operations import say_reports
from services.intake.models import Ticket, Verification
from services.intake.operations import ground_of, lock_ticket, require_act, say
from services.intake.progress.operations import note
from services.intake.sight import find_kept_out, is_seen
from services.intake.verifications.rules import judge, pack_of, verify_deadline
from shared import notices, outbox
from shared.events.chinese import CHINESE
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    AskedFirst,
    DeadlineAnswered,
    Origin,
    Place,
    TicketCreated,
    TicketRefused,
    TicketVerified,
)
from shared.events.sla import DeadlineReached
from shared.events.words import Act, RequestType, Secrecy, State, Step, Urgency
from shared.inbox import Heard, Wait
from shared.notices import Notice, NoticeKind
from shared.policy.deadlines import Deadline, step_deadline
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround
from shared.problems import ActRefused, NotFound
from shared.runtime import Runtime
from shared.security import Principal

LOCK = "SELECT id FROM tickets WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
ANSWERED = """SELECT ticket_id, answered_at FROM verifications
WHERE ticket_id = ANY($1::uuid[]) AND answered_at IS NOT NULL"""
COUNT_UP = """UPDATE tickets SET sequence = sequence + 1 WHERE id = ANY($1::uuid[])
RETURNING id, sequence"""
TIME = "SELECT coalesce($1::timestamptz, clock_timestamp())"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; ground and competent department where the request is out of scope."""

    is_in_scope: bool
    opinion: str
    ground: str | None
    competent: str | None


class Verified(NamedTuple):
    """A ticket after the answer: accepted with its first deadline, or refused on a ground."""

    ticket: Ticket
    dispatch: Deadline | None = None
    refusal: ScopeGround | None = None


async def answer_question(
    session: AsyncSession,
    runtime: Runtime,
    ticket_id: UUID,
    *,
    caller: Principal,
    finding: Finding,
) -> Verified:
    """The unit's answer, or the hotline's own after the unit's time: accepted now, or refused.

    Implements ZY 9, last paragraph. Raises `NotFound`, `ActRefused` for a second answer and for
    the hotline's within the unit's time, `Malformed` for a ground that the pack does not have.
    """
    ticket = await lock_ticket(session, ticket_id)
    question = await session.get(Verification, ticket_id)
    asked = [] if question is None else [question.unit]
    is_kept_out = bool(await find_kept_out(session, ticket, asked))
    if not _is_theirs(ticket, question, caller, is_kept_out=is_kept_out):
        raise NotFound
    require_act(ticket, Act.VERIFY)
    assert question is not None, "what is being verified was asked"
    at = await runtime.clock.now(session)
    law = await runtime.law_book.read_in(session)
    if not caller.is_of_unit and not is_kept_out:
        _require_time_over(question, ticket, law=law, at=at)
    question.answered_at, question.answered_by = at, caller.subject
    question.is_in_scope, question.opinion = finding.is_in_scope, finding.opinion
    question.competent = finding.competent
    data = TicketVerified(
        unit=question.unit,
        is_in_scope=finding.is_in_scope,
        opinion=finding.opinion,
        verified_by=caller.subject,
    )
    await say(session, runtime, ticket, at, data)
    if finding.is_in_scope:
        return await _accept(session, runtime, ticket, question=question, law=law, at=at)
    pack = pack_of(law, ticket.policy, ticket.jurisdiction, question.asked_at)
    filed = _as_filed(ticket, question)
    return await _refuse(session, runtime, ticket, filed=filed, pack=pack, finding=finding, at=at)


async def judge_deadlines(
    heard: Heard, events: Sequence[Event[DeadlineReached]], *, source: str
) -> None:
    """Answer the clock under the lock that answers take too: the two never cross.

    Raises `Wait` for an unknown ticket, and where the clock here has not come to `due_at` yet:
    the unit could still answer in time.
    """
    ids = [UUID(event.subject) for event in events]
    known = {row["id"] for row in await heard.connection.fetch(LOCK, ids)}
    if missing := set(ids) - known:
        raise Wait(f"tickets {missing} are not here")
    rows = await heard.connection.fetch(ANSWERED, ids)
    answered: dict[UUID, datetime] = {row["ticket_id"]: row["answered_at"] for row in rows}
    rows = await heard.connection.fetch(COUNT_UP, ids)
    sequences: dict[UUID, int] = {row["id"]: row["sequence"] for row in rows}
    at: datetime = await heard.connection.fetchval(TIME, heard.now)
    said = list[Event[Payload]]()
    for event in events:
        ticket_id, asked = UUID(event.subject), event.data
        act_at = answered.get(ticket_id)
        if act_at is None and at < asked.due_at:
            raise Wait(f"the clock here is before {asked.due_at}, when {asked.step} is due")
        data = DeadlineAnswered(
            step=asked.step,
            version=asked.version,
            due_at=asked.due_at,
            verdict=judge(asked.due_at, act_at),
            act_at=act_at,
        )
        sequence = sequences[ticket_id]
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
    await outbox.add_many(heard.connection, said)


def _is_theirs(
    ticket: Ticket, question: Verification | None, caller: Principal, *, is_kept_out: bool
) -> bool:
    """A unit's are the questions that it was asked, whoever handles the ticket in the end.

    Not where the request turned out to complain of that unit, or of one above it (XS 三(四)).
    """
    if caller.is_of_unit:
        return question is not None and question.unit == caller.unit and not is_kept_out
    return is_seen(ticket, caller)


def _require_time_over(question: Verification, ticket: Ticket, *, law: Law, at: datetime) -> None:
    pack = pack_of(law, ticket.policy, ticket.jurisdiction, question.asked_at)
    due = verify_deadline(pack, law.calendar(ticket.jurisdiction), question.asked_at)
    if at <= due.due_at:
        raise ActRefused(
            f"已请 {question.unit} 核实，至 {due.due_at:%Y-%m-%d %H:%M} 止（{due.source}）；"
            f"期满未核实的，方可由热线自行{CHINESE[Act.VERIFY]}。",
            allowed=[Act.AMEND],
        )


async def _accept(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    *,
    question: Verification,
    law: Law,
    at: datetime,
) -> Verified:
    """Accepted at this moment, under the pack in force at it: all clocks start here."""
    pack = law.in_force(ticket.jurisdiction, at)
    ticket.state, ticket.accepted_at, ticket.policy = State.ACCEPTED, at, pack.content_hash
    filed = _as_filed(ticket, question)
    await say(session, runtime, ticket, at, TicketCreated(**filed, policy=pack.content_hash))
    await say_files(session, runtime, ticket, at)
    await say_reports(session, runtime, ticket, at)
    await say_abuses(session, runtime, ticket, at)
    await _tell(session, ticket, TicketVerified.type, accepted(ticket.number), at)
    calendar = law.calendar(ticket.jurisdiction)
    return Verified(
        ticket, dispatch=step_deadline(pack, calendar, ticket.matter, Step.DISPATCH, at)
    )


async def _refuse(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    *,
    filed: Mapping[str, Any],
    pack: Pack,
    finding: Finding,
    at: datetime,
) -> Verified:
    """Refused on a ground of the pack under which it was filed; the caller is led elsewhere."""
    assert finding.ground is not None, "what is out of scope has a ground"
    ground = ground_of(pack, finding.ground, "ground")
    ticket.state, ticket.ground = State.REFUSED, ground.code
    data = TicketRefused(
        **filed,
        ground=ground.code,
        source_article=ground.source,
        explanation=ground.words(finding.competent),
    )
    await say(session, runtime, ticket, at, data)
    await say_files(session, runtime, ticket, at)
    await say_reports(session, runtime, ticket, at)
    await say_abuses(session, runtime, ticket, at)
    note(session, ticket.id, data.type, at, {"explanation": data.explanation})
    await _tell(session, ticket, data.type, refused(ticket.number, data.explanation), at)
    return Verified(ticket, refusal=ground)


async def _tell(
    session: AsyncSession, ticket: Ticket, template: str, words: str, at: datetime
) -> None:
    """Tell the caller, who is not on the telephone any more: led on, or accepted (ZY 9)."""
    told = Notice(NoticeKind.CALLER, str(ticket.id), ticket.id, template, words)
    await notices.add(session, told, at=at)


def _as_filed(ticket: Ticket, question: Verification) -> dict[str, Any]:
    """The request as it stands now: what was added or corrected meanwhile is in it."""
    return {
        "number": ticket.number,
        "jurisdiction": ticket.jurisdiction,
        "request_type": RequestType(ticket.request_type),
        "urgency": Urgency(ticket.urgency),
        "is_enforcement": ticket.is_enforcement,
        "title": ticket.title,
        "content": ticket.content,
        "channel": ticket.channel,
        "category": ticket.category,
        "place": None if ticket.place is None else Place(**ticket.place),
        "caller_id": ticket.caller_id,
        "filed_at": ticket.filed_at,
        "about_unit": ticket.about_unit,
        "repeats": ticket.repeats,
        "override": ticket.override,
        "is_mediation": ticket.is_mediation,
        "origin": None if ticket.origin is None else Origin.model_validate(ticket.origin),
        "secrecy": Secrecy(ticket.secrecy),
        "filed_by": ticket.filed_by,
        "asked_first": AskedFirst.model_validate(question, from_attributes=True),
    }
