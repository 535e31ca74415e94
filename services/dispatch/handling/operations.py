"""What a unit does with a ticket that it has signed, and being told to do it again."""

from datetime import datetime

from services.dispatch.acts.operations import Turn, lateness, say, unit_of
from services.dispatch.acts.rules import open_to
from services.dispatch.clocks.rules import handle_deadline
from services.dispatch.co_handling.operations import reopen_parts
from services.dispatch.corrections.recalls import hand_up
from services.dispatch.dispatching.operations import forward_anew
from services.dispatch.letters.operations import require_letter
from services.dispatch.models import HANDLING_COLUMNS, Unit
from services.dispatch.reminders.operations import remind
from services.dispatch.reminders.rules import SENT_BACK
from services.dispatch.rules import LAST_STATES, state_after
from services.dispatch.terminations.operations import send_back
from shared.crossing import platform_of
from shared.events.dispatch import (
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
)
from shared.events.words import Act, State
from shared.letters import Letter
from shared.problems import ActRefused, field_error


async def report_progress(turn: Turn, *, text: str, next_step: str | None = None) -> None:
    """Report what was done: of an emergency (ZY 13.4), or after an interim close (ZY 13.3)."""
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.PROGRESS)
    ticket.progressed_at = turn.at
    ticket.result_at = ticket.result_at or turn.at
    ticket.responded_at = ticket.responded_at or turn.at
    payload = TicketProgressed(
        unit=unit_of(ticket), text=text, next_step=next_step, reported_by=turn.caller.subject
    )
    await say(turn, payload, text=text, detail={"next_step": next_step} if next_step else {})


async def close_for_now(
    turn: Turn,
    *,
    progress: str,
    next_step: str,
    promised_at: datetime,
    ground: str | None = None,
    letter: Letter | None = None,
) -> None:
    """Set down a matter that cannot end soon, with a date for its end (ZY 13.3).

    It is due within the handling time; later it is taken too, marked late, and the clock says
    that handling was overdue. Raises `Malformed` for a promise that is not in the future, for a
    ground that the pack does not know, and where a letter is needed and missing (ZY 13.5).
    """
    ticket = turn.ticket
    if promised_at <= turn.at:
        raise field_error("promised_at", "not_in_future", "承诺办结时限应晚于现在（ZY 13.3）")
    standing, pack = ticket.standing, turn.pack
    assert standing is not None, "a signed ticket was accepted"
    assert pack is not None, "the pack was asked whether it has this act"
    assert pack.interim is not None, "the pack has this act"
    known = {one.code: one.text for one in pack.interim.grounds}
    if ground is not None and ground not in known:
        named = "；".join(f"{code}：{text}" for code, text in known.items())
        raise field_error("ground", "unknown_ground", f"不是临时办结的情形（ZY 13.3）：{named}")
    if platform_of(turn.caller.subject) is None:
        await require_letter(turn, letter)
    late = lateness(turn, handle_deadline(standing, pack, turn.calendar))
    ticket.state = state_after(ticket.state, Act.INTERIM_CLOSE)
    ticket.interim_closed_at, ticket.promised_at = turn.at, promised_at
    ticket.progressed_at = ticket.paused_at = None
    ticket.responded_at = ticket.responded_at or turn.at
    promise = {"next_step": next_step, "promised_at": promised_at.isoformat()}
    promise |= {} if ground is None else {"ground": ground}
    paper = {} if letter is None else {"letter": letter.model_dump(mode="json")}
    await say(
        turn,
        TicketInterimClosed(
            unit=unit_of(ticket),
            progress=progress,
            next_step=next_step,
            promised_at=promised_at,
            closed_by=turn.caller.subject,
            letter=None if letter is None else letter.attachment,
        ),
        text=progress,
        detail=promise | late | paper | {"article": "ZY 13.3"},
    )


async def reopen_ticket(turn: Turn, *, reason: str) -> None:
    """The unit must handle again, with the handling time of the type anew (ZY 14.2).

    What complains of that unit goes to its superior instead (XS 三(四)).
    An interim close is applied for (ZY 13.3): one that has no ground is sent back like this.
    Where it is at home at another platform and has ended here, nothing changes. Raises
    `ActRefused` for one of another platform, whose reply may be on its way to us.
    """
    ticket = turn.ticket
    if ticket.state in LAST_STATES:
        return
    is_interim = ticket.state is State.INTERIM_CLOSED
    if is_interim:
        await _refuse_of_other_platform(turn)
    # A filing that is not whole is the lead's; at home it was a reply, and that is what is refuted.
    is_refuted = ticket.state is State.REPLIED or platform_of(turn.caller.subject) is not None
    if is_refuted:
        await reopen_parts(turn)
    article = "ZY 13.3" if is_interim else "ZY 14.2"
    ticket.state = state_after(ticket.state, Act.REDO)
    for column in HANDLING_COLUMNS:
        setattr(ticket, column, None)
    ticket.reopened_at = turn.at
    # What its main ticket answered goes its own way from now on (A8).
    was_answered_with_main = ticket.main is not None
    ticket.main = ticket.link_kind = ticket.linked_at = None
    if ticket.terminated_at is not None:
        await send_back(turn, reason=reason)
        ticket.terminated_at = None
    payload = TicketReopened(unit=unit_of(ticket), reason=reason, reopened_by=turn.caller.subject)
    await say(turn, payload, text=reason, detail={"article": article})
    if await hand_up(turn):
        return
    told = [payload.unit, *(ticket.co_units if is_refuted else ())]
    await remind(turn, payload.type, SENT_BACK, units=told)
    if was_answered_with_main:
        await forward_anew(turn, reason=reason)


async def _refuse_of_other_platform(turn: Turn) -> None:
    unit = await turn.session.get_one(Unit, unit_of(turn.ticket))
    if unit.platform is not None:
        acts = open_to(turn.ticket, turn.pack, asker=turn.caller)
        raise ActRefused(
            f"工单由 {unit.platform} 平台办理并临时办结，不能由本平台退回；请与该平台联系。",
            allowed=[act for act in acts if act is not Act.REDO],
        )
