"""Limits set by law: entered by the unit, confirmed by the hotline office (C8).

Confirmed, a limit takes the place of the handling time, longer or shorter, from where handling
began: YN 六(三)4(4) 法律法规已有规定的，从其规定; XS 三(五) also what the prefecture's Party
committee or government demands. Extensions granted before fall away: they were the pack's.
"""

from sqlalchemy import select

from services.sla.handling.operations import NothingRunning, Turn, move, say
from services.sla.handling.rules import without_extensions
from services.sla.limits.rules import (
    LimitState,
    LimitUnit,
    Set,
    ground_article,
    kept,
    refusal_of_ground,
    refusal_of_length,
)
from services.sla.models import LawLimit
from services.sla.operations import Done, settle
from services.sla.rules import News, Start
from shared.database import connection_of
from shared.events.sla import TicketLimitDecided, TicketLimitRequested
from shared.events.words import Act, Step
from shared.problems import ActRefused, field_error


class LimitPending(ActRefused):
    """A limit set by law waits to be confirmed."""

    code = "limit_pending"
    detail = "已申报的法定时限待确认，确认前不得再次申报。"


async def request_limit(turn: Turn, limit: Set) -> LawLimit:
    """The unit enters a limit; it holds once it is confirmed.

    Raises `Malformed` for a ground that the pack does not know and for a length that leads beyond
    the calendar, `NothingRunning` where handling is over, `LimitPending` where one waits already.
    """
    refusal = refusal_of_ground(turn.pack, limit.ground)
    if refusal is not None:
        raise field_error("ground", "unknown_ground", refusal)
    _require_handling(turn)
    too_long = _refusal_of_length(turn, limit)
    if too_long is not None:
        raise field_error("amount", "too_long", too_long)
    earlier = await _list_of_ticket(turn)
    if any(one.state == LimitState.REQUESTED for one in earlier):
        raise LimitPending(allowed=[Act.DECIDE_LIMIT])
    row = LawLimit(
        ticket_id=turn.clock.ticket_id,
        number=len(earlier) + 1,
        jurisdiction=turn.clock.jurisdiction,
        handled_in=turn.clock.handled_in,
        unit=turn.unit,
        ground=limit.ground,
        law=limit.law,
        article=limit.article,
        amount=limit.amount,
        length_unit=limit.unit,
        asked_at=turn.at,
        asked_by=turn.caller.subject,
        state=LimitState.REQUESTED,
    )
    turn.session.add(row)
    request = TicketLimitRequested(
        unit=row.unit,
        ground=row.ground,
        law=row.law,
        article=row.article,
        amount=row.amount,
        length_unit=row.length_unit,
        requested_by=row.asked_by,
    )
    await say(turn, request)
    return row


async def decide_limit(turn: Turn, *, is_confirmed: bool, reason: str) -> LawLimit:
    """The hotline office confirms the limit that waits, or does not.

    Raises `ActRefused` where nothing waits and for a length that leads beyond the calendar,
    `NothingRunning` where handling is over: then it may still be refused.
    """
    waiting = [one for one in await _list_of_ticket(turn) if one.state == LimitState.REQUESTED]
    if not waiting:
        raise ActRefused("没有待确认的法定时限。", allowed=[Act.SET_LIMIT])
    row = waiting[0]
    moved = await _confirm(turn, row) if is_confirmed else None
    row.state = LimitState.CONFIRMED if is_confirmed else LimitState.REFUSED
    row.decided_at, row.decided_by = turn.at, turn.caller.subject
    row.decision_reason = reason
    start, version = moved or (None, None)
    decision = TicketLimitDecided(
        unit=row.unit,
        is_confirmed=is_confirmed,
        reason=reason,
        law=row.law,
        article=row.article,
        amount=row.amount,
        length_unit=row.length_unit,
        due_at=None if start is None else start.due_at,
        version=version,
        rule=None if start is None else start.rule,
        source_article=_source(turn, row) if start is None else start.source,
        provisional=start is not None and start.provisional,
        decided_by=turn.caller.subject,
    )
    await say(turn, decision)
    return row


async def _confirm(turn: Turn, row: LawLimit) -> tuple[Start, int] | None:
    """Let the limit hold; returns the handling's next version where handling has begun."""
    _require_handling(turn, "refused")
    limit = Set(row.ground, row.law, row.article, row.amount, LimitUnit(row.length_unit))
    # Since it was entered handling may have begun anew, later; and what waits may be older than
    # the check. Whatever counts it from here on must find its end in the calendar.
    too_long = _refusal_of_length(turn, limit)
    if too_long is not None:
        raise ActRefused(
            f"{too_long}；有误的，请不予确认，由承办单位重新申报。", allowed=["refused"]
        )
    turn.clock.law_limit = kept(limit)
    interim = turn.pack.interim
    if interim is not None and interim.none_where_law_sets_limit.value:
        # ZY 13.3: 除法律法规规定办结时限的其他工单，每15个工作日报送工作进展.
        ended = [Done(turn.clock.ticket_id, turn.at)]
        connection = await connection_of(turn.session)
        await settle(connection, News.STOPPED, [Step.PROGRESS], ended)
    running = turn.running
    if running is None:
        return None
    return await move(
        turn,
        running,
        adjustments=without_extensions(running.adjustments),
        law_limit=turn.clock.law_limit,
    )


def _require_handling(turn: Turn, *allowed: str) -> None:
    clock = turn.clock
    # What went with another ticket and is redone alone is handled without a dispatch of its own.
    is_redone_alone = turn.running is not None or clock.interim_at is not None
    if clock.dispatched_at is None and not is_redone_alone:
        raise NothingRunning("工单尚未派单，无从另设办理时限。", allowed=allowed)
    if clock.is_closed or clock.replied_at is not None:
        raise NothingRunning("工单已经答复或者办结，无从另设办理时限。", allowed=allowed)


def _refusal_of_length(turn: Turn, limit: Set) -> str | None:
    """Why it cannot be counted: from where handling began, else from now."""
    running = turn.running
    return refusal_of_length(
        turn.pack,
        turn.calendar,
        turn.clock.matter,
        limit,
        starts_at=turn.at if running is None else running.starts_at,
        adjustments=() if running is None else without_extensions(running.adjustments),
    )


def _source(turn: Turn, row: LawLimit) -> str:
    return ground_article(turn.pack, row.ground)


async def _list_of_ticket(turn: Turn) -> list[LawLimit]:
    found = await turn.session.scalars(
        select(LawLimit).where(LawLimit.ticket_id == turn.clock.ticket_id).order_by(LawLimit.number)
    )
    return list(found)
