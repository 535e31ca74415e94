"""The handling clock stops and runs again (C7). No pack of ours has a ground for it."""

from datetime import datetime

from services.sla.handling.operations import NothingRunning, Turn, say
from services.sla.operations import replace_deadlines
from services.sla.rules import PAUSE, TRANSITIONS, DeadlineState, News, recount
from shared.database import connection_of
from shared.events.sla import TicketClockPaused, TicketClockResumed
from shared.events.words import Act, Step
from shared.policy.model import Pack
from shared.policy.values import Statement
from shared.problems import ActRefused, Problem, field_error


class NoPause(Problem):
    """No document stops the clock here."""

    status = 409
    code = "no_pause"
    detail = "没有文件规定可以中止计时的情形，时限照常计算。"


async def pause(turn: Turn, *, ground: str, reason: str) -> datetime:
    """Stop the handling clock; returns since when it stands.

    Raises `NoPause` where the pack has no ground at all, `Malformed` for a ground that it has not,
    `ActRefused` where the clock stands already, and `NothingRunning`.
    """
    statement = _ground(turn.pack, ground)
    if turn.clock.paused_at is not None:
        raise ActRefused("该工单已中止计时。", allowed=[Act.RESUME])
    present = turn.running
    if present is None or present.state != DeadlineState.RUNNING or present.due_at < turn.at:
        raise NothingRunning(allowed=[])
    present.state = TRANSITIONS[News.HELD][DeadlineState.RUNNING]
    turn.clock.paused_at, turn.clock.pause_ground = turn.at, statement.code
    await say(
        turn,
        TicketClockPaused(
            ground=statement.text,
            reason=reason,
            source_article=statement.source,
            paused_by=turn.caller.subject,
        ),
    )
    return turn.at


async def resume(turn: Turn, *, reason: str) -> None:
    """Let the handling clock run again; what stood still is added. Raises `ActRefused`."""
    clock, present, began = turn.clock, turn.present, turn.clock.paused_at
    if began is None or present is None or present.state != DeadlineState.PAUSED:
        raise ActRefused("该工单没有中止计时。", allowed=[Act.PAUSE] if turn.running else [])
    stood = [PAUSE, began.isoformat(), turn.at.isoformat()]
    start = recount(
        turn.pack,
        turn.calendar,
        clock.matter,
        Step.HANDLE,
        starts_at=present.starts_at,
        adjustments=[*present.adjustments, stood],
        law_limit=clock.law_limit,
    )
    assert start is not None, "every pack has a handling time"
    clock.paused_at = clock.pause_ground = None
    connection = await connection_of(turn.session)
    versions = await replace_deadlines(connection, [(clock.ticket_id, start)], is_resumed=True)
    await say(
        turn,
        TicketClockResumed(
            reason=reason,
            due_at=start.due_at,
            version=versions[clock.ticket_id, Step.HANDLE],
            rule=start.rule,
            source_article=start.source,
            provisional=start.provisional,
            resumed_by=turn.caller.subject,
        ),
    )


def _ground(pack: Pack, ground: str) -> Statement:
    grounds = [one for one in pack.pauses if Step.HANDLE in one.steps]
    if not grounds:
        raise NoPause(
            f"{pack.name}适用的文件（{pack.document}）没有规定可以中止办理计时的情形，时限照常计算。"
        )
    for one in grounds:
        if one.code == ground:
            return one
    allowed = "、".join(f"{one.code}（{one.text}）" for one in grounds)
    raise field_error("ground", "unknown_ground", f"允许的情形：{allowed}")
