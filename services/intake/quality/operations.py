"""Drawing samples, scoring, objecting, scoring again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.calls.models import Call
from services.intake.quality.models import QualityCheck, QualityForm
from services.intake.quality.rules import (
    BY_PEOPLE,
    CheckState,
    Line,
    Reason,
    Subject,
    is_drawn,
    wrong_form,
    wrong_marks,
)
from services.intake.seats.models import Seat
from shared import outbox
from shared.database import Connection
from shared.events.callers import QualityChecked
from shared.events.envelope import Event
from shared.events.kinds import Seat as SeatKind
from shared.events.words import Role
from shared.jurisdictions import covers, prefix
from shared.problems import ActRefused, NotAllowed, NotFound, field_error
from shared.reading import require_shown
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

# Every ticket with a risk, and all that might be in the random sample: those of the period that a
# person took; programs and other platforms (`source:…`, `platform:…`) have nobody to be trained.
CANDIDATES = f"""SELECT 'ticket' AS subject, t.id, t.jurisdiction, t.filed_by AS agent, r.reason
FROM quality_risks r JOIN tickets t ON t.id = r.ticket_id
WHERE r.at >= $2 AND r.at < $3 AND t.jurisdiction LIKE $1
UNION ALL
SELECT 'ticket', t.id, t.jurisdiction, t.filed_by, 'random'
FROM tickets t WHERE t.accepted_at >= $2 AND t.accepted_at < $3 AND t.jurisdiction LIKE $1
    AND t.filed_by {BY_PEOPLE}
UNION ALL
SELECT 'call', c.id, c.jurisdiction, c.agent, 'random'
FROM calls c WHERE c.queued_at >= $2 AND c.queued_at < $3 AND c.jurisdiction LIKE $1
    AND c.agent IS NOT NULL"""
DRAW = """INSERT INTO quality_checks (id, jurisdiction, subject, subject_id, agent, reason,
    drawn_at, state)
SELECT *, $7::timestamptz, 'open' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[],
    $5::text[], $6::text[])
ON CONFLICT (subject_id, subject) DO NOTHING RETURNING reason"""
NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"


async def put_form(
    session: AsyncSession,
    runtime: Runtime,
    *,
    caller: Principal,
    code: str,
    jurisdiction: str,
    subject: Subject,
    lines: Sequence[Line],
) -> QualityForm:
    """Add a form, or its next version.

    Raises `NotFound` where its place is, or was, not the caller's; `Malformed` for lines that make
    none.
    """
    if not covers(caller.jurisdiction, jurisdiction):
        raise NotFound
    if (wrong := wrong_form(lines)) is not None:
        raise field_error("lines", "wrong_lines", wrong)
    last = await _newest_form(session, code)
    if last is not None and not covers(caller.jurisdiction, last.jurisdiction):
        raise NotFound
    form = QualityForm(
        code=code,
        version=1 if last is None else last.version + 1,
        jurisdiction=jurisdiction,
        subject=subject,
        lines=[line._asdict() for line in lines],
        made_by=caller.subject,
        made_at=await runtime.clock.now(session),
    )
    session.add(form)
    return form


async def draw_sample(
    connection: Connection,
    *,
    jurisdiction: str,
    share: float,
    begin: datetime,
    end: datetime,
    now: datetime | None,
) -> dict[str, int]:
    """Draw what ended in a period: each one with a risk, and the random share (A18).

    Drawing the same period again finds the same ones and adds none; returns how many by reason.
    """
    place = prefix(jurisdiction) + "%"
    rows = await connection.fetch(CANDIDATES, place, begin, end)
    drawn = {
        (row["subject"], row["id"]): row
        for row in reversed(rows)
        if row["reason"] != Reason.RANDOM or is_drawn(row["id"], share)
    }
    at = await connection.fetchval(NOW, now)
    made = await connection.fetch(
        DRAW,
        [uuid7() for _ in drawn],
        [row["jurisdiction"] for row in drawn.values()],
        [row["subject"] for row in drawn.values()],
        [row["id"] for row in drawn.values()],
        [row["agent"] for row in drawn.values()],
        [row["reason"] for row in drawn.values()],
        at,
    )
    found = dict.fromkeys(Reason, 0)
    for row in made:
        found[Reason(row["reason"])] += 1
    return {str(reason): count for reason, count in found.items()}


async def score(
    session: AsyncSession,
    runtime: Runtime,
    check_id: UUID,
    *,
    caller: Principal,
    form_code: str,
    marks: Mapping[str, int],
) -> QualityCheck:
    """Score a check, or score it again after an objection (A18).

    Raises `NotFound`, `NotAllowed` for the agent, for who scored first, and for who has no seat
    of quality; `ActRefused` where nothing is to be scored, `Malformed` for wrong marks.
    """
    check = await _lock(session, runtime, check_id, caller)
    await _require_checker(session, check, caller)
    if check.state not in (CheckState.OPEN, CheckState.OBJECTED):
        raise ActRefused("这次质检已经评分；话务员申诉后才能复评。", allowed=[])
    form = await _form(session, form_code, check)
    if (wrong := wrong_marks([Line(**line) for line in form.lines], marks)) is not None:
        raise field_error(f"marks.{wrong[0]}", "wrong_marks", wrong[1])
    at, total = await runtime.clock.now(session), sum(marks.values())
    is_second = check.state == CheckState.OBJECTED
    check.form, check.form_version = form.code, form.version
    if is_second:
        check.second_marks, check.second_score = dict(marks), total
        check.second_by, check.second_at = caller.subject, at
        check.state = CheckState.FINAL
    else:
        check.marks, check.score = dict(marks), total
        check.scored_by, check.scored_at = caller.subject, at
        check.state = CheckState.SCORED
    await _say(session, runtime, check, at, is_second=is_second)
    return check


async def object_to(
    session: AsyncSession, runtime: Runtime, check_id: UUID, *, caller: Principal, text: str
) -> QualityCheck:
    """The agent objects; somebody else scores again. Raises `NotFound`, `ActRefused`."""
    check = await _lock(session, runtime, check_id, caller)
    if caller.subject != check.agent:
        raise NotAllowed("只有被质检的话务员本人可以申诉。")
    if check.state != CheckState.SCORED:
        raise ActRefused("评分之后才能申诉，且只能申诉一次。", allowed=[])
    check.state, check.objection = CheckState.OBJECTED, text
    return check


async def may_check(session: AsyncSession, caller: Principal) -> bool:
    """Whether somebody scores: the hotline office, and who has a seat of quality (A17)."""
    if caller.role in (Role.SUPERVISOR, Role.QUALITY):
        return True
    seat = await session.get(Seat, caller.subject)
    return seat is not None and seat.is_active and seat.kind == SeatKind.QUALITY


async def _lock(
    session: AsyncSession, runtime: Runtime, check_id: UUID, caller: Principal
) -> QualityCheck:
    check = await session.get(QualityCheck, check_id, with_for_update=True)
    await require_shown(session, runtime, caller, QualityCheck.id, [check_id])
    assert check is not None, "it was shown"
    return check


async def _require_checker(session: AsyncSession, check: QualityCheck, caller: Principal) -> None:
    if caller.subject == check.agent:
        raise NotAllowed("不能给自己受理的来电或工单评分。")
    if check.state == CheckState.OBJECTED and caller.subject == check.scored_by:
        raise NotAllowed("复评须由初评以外的人进行。")
    if not await may_check(session, caller):
        raise NotAllowed("评分须由质检座席或热线办进行。")


async def _newest_form(session: AsyncSession, code: str) -> QualityForm | None:
    found: QualityForm | None = await session.scalar(
        select(QualityForm)
        .where(QualityForm.code == code)
        .order_by(QualityForm.version.desc())
        .limit(1)
    )
    return found


async def _form(session: AsyncSession, code: str, check: QualityCheck) -> QualityForm:
    form = await _newest_form(session, code)
    if form is None or not covers(form.jurisdiction, check.jurisdiction):
        raise field_error("form", "unknown_form", "没有这份评分表")
    if form.subject != check.subject:
        raise field_error("form", "other_subject", "这份评分表不用于这类质检")
    return form


async def _say(
    session: AsyncSession, runtime: Runtime, check: QualityCheck, at: datetime, *, is_second: bool
) -> None:
    data = QualityChecked(
        agent=check.agent,
        seat_kind=await _seat_kind(session, check),
        form=f"{check.form}-{check.form_version}",
        score=(check.second_score if is_second else check.score) or 0,
        is_second=is_second,
        ticket_id=check.subject_id if check.subject == Subject.TICKET else None,
        call_id=check.subject_id if check.subject == Subject.CALL else None,
        checked_at=at,
    )
    event: Event[Any] = Event(
        runtime.source, str(check.id), 2 if is_second else 1, at, data, current_traceparent()
    )
    await outbox.add(session, event)


async def _seat_kind(session: AsyncSession, check: QualityCheck) -> str:
    if check.subject == Subject.CALL:
        return str(await session.scalar(select(Call.seat_kind).where(Call.id == check.subject_id)))
    seat = await session.get(Seat, check.agent)
    return SeatKind.CALL if seat is None else seat.kind
