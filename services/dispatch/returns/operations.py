"""Returning a ticket and deciding a return (B5), under the lock on its row."""

from collections.abc import Sequence

from services.dispatch.acts.operations import Turn, lateness, say, unit_of
from services.dispatch.cases.models import Case
from services.dispatch.cases.operations import open_case
from services.dispatch.cases.rules import PAPERS
from services.dispatch.clocks.rules import return_deadline
from services.dispatch.co_handling.operations import check_co_units, end_co_handling
from services.dispatch.conclusions.operations import decline, find_ground
from services.dispatch.dispatching.operations import find_competent_unit, send, send_by_rule
from services.dispatch.lessons.operations import note_return
from services.dispatch.letters.operations import require_letter
from services.dispatch.models import Unit
from services.dispatch.precedents.models import Precedent
from services.dispatch.precedents.queries import find_precedent_of
from services.dispatch.rules import state_after
from shared.crossing import platform_of
from shared.events.dispatch import TicketReturnDecided, TicketReturnRequested
from shared.events.kinds import CaseKind
from shared.events.words import Act, ReturnDecision, ReturnGround
from shared.letters import Letter
from shared.policy.deadlines import Deadline
from shared.policy.parts import ScopeGround
from shared.problems import Problem, field_error


class PrecedentBinds(Problem):
    """A precedent gave matters of this kind to the unit, so it may not return one."""

    status = 409
    code = "precedent_binds"
    detail = "同类事项已有会商决定，应当参照办理，不得退回（ZY 13.5(5)）。"


async def return_ticket(
    turn: Turn,
    *,
    ground: ReturnGround,
    reason: str,
    legal_basis: str,
    proposed_unit: str,
    letter: Letter | None = None,
) -> None:
    """The unit asks the hotline to take the ticket back (ZY 13.2); the clock runs on.

    A return after the pack's window is taken too, and counts as overdue. Raises `PrecedentBinds`
    where a decision gave matters of the kind to this unit (ZY 13.5(5)), `Malformed` where the pack
    has no such ground, the proposed unit is not in the directory, or a letter is needed and
    missing (ZY 13.5). Another platform returns by its own law and names a unit of its own;
    what was decided here does not bind it, and the office may still reject the return.
    """
    ticket = turn.ticket
    is_foreign = platform_of(turn.caller.subject) is not None
    if not is_foreign:
        _require_ground(turn, ground)
    if not is_foreign and await turn.session.get(Unit, proposed_unit) is None:
        raise field_error("proposed_unit", "unknown_unit", "没有这个承办单位")
    if not is_foreign:
        await _refuse_bound(turn)
        await require_letter(turn, letter)
    window = _window(turn)
    late = lateness(turn, window)
    ticket.state_before_return = ticket.state
    ticket.state = state_after(ticket.state, Act.RETURN)
    ticket.returned_at = turn.at
    ticket.answered_at = ticket.answered_at or turn.at
    ticket.responded_at = ticket.responded_at or turn.at
    await say(
        turn,
        TicketReturnRequested(
            unit=unit_of(ticket),
            ground=ground,
            reason=reason,
            legal_basis=legal_basis,
            proposed_unit=proposed_unit,
            requested_by=turn.caller.subject,
            # Before the window opens, as with Yunnan's before signing, a return cannot be late.
            is_late=None if turn.pack is None else late.get("late", False),
            due_at=window.due_at if window else None,
            rule=window.rule if window else None,
            source_article=window.source if window else None,
            letter=None if letter is None else letter.attachment,
        ),
        text=reason,
        detail={
            "ground": ground,
            "legal_basis": legal_basis,
            "proposed_unit": proposed_unit,
            **late,
            **({"rule": window.rule} if window else {}),
            **({} if letter is None else {"letter": letter.model_dump(mode="json")}),
        },
    )


async def decide_return(
    turn: Turn,
    *,
    decision: ReturnDecision,
    reason: str,
    unit: str | None = None,
    co_units: Sequence[str] = (),
    kind: CaseKind | None = None,
    ground: str | None = None,
) -> None:
    """The hotline decides a return (B5).

    Rejected: the unit goes on where it was, deadlines unchanged. Granted: the ticket goes at once
    to `unit` (with `co_units`), else to the unit of the rule that fits without those that returned
    the ticket; where there is none, it waits for a person; or it ends, refused on a `ground` of
    the scope (A3). In dispute: the coordination group decides, by signature or in a meeting
    (`kind`). Raises `Malformed` for what cannot be.
    """
    ticket = turn.ticket
    returning = unit_of(ticket)
    dispute = _kind_of_dispute(decision, kind)
    chosen = await _find_other_unit(turn, decision, returning, unit) if unit else None
    if co_units and unit is None:
        raise field_error("co_units", "needs_unit", "指定协办单位时须同时指定承办单位（unit）")
    others = await check_co_units(turn, co_units, lead=unit) if unit else ()
    scope = None if ground is None else _find_scope(turn, decision, ground, unit)
    ticket.state = state_after(
        ticket.state,
        Act.DECIDE_RETURN,
        decision=decision,
        is_declined=scope is not None,
        state_before=ticket.state_before_return,
    )
    ticket.state_before_return = None
    await say(
        turn,
        TicketReturnDecided(
            unit=returning, decision=decision, reason=reason, decided_by=turn.caller.subject
        ),
        text=reason,
        detail={"decision": decision},
    )
    if decision is ReturnDecision.REJECTED:
        return
    if decision is ReturnDecision.COORDINATION:
        await open_case(turn, kind=dispute, reason=reason)
        return
    ticket.unit = None
    await end_co_handling(turn)
    await note_return(turn, chosen=unit, reason=reason)
    if scope is not None:
        await decline(turn, scope, unit=returning, reason=reason)
    elif chosen is not None:
        await send(turn, chosen, co_units=others)
    else:
        await send_by_rule(turn)


def _require_ground(turn: Turn, ground: ReturnGround) -> None:
    known = () if turn.pack is None else turn.pack.returning.grounds
    if known and ground not in [one.code for one in known]:
        named = "；".join(f"{one.code}：{one.text}（{one.source}）" for one in known)
        raise field_error("ground", "unknown_ground", f"政策包中没有这一退单情形：{named}")


def _find_scope(turn: Turn, decision: ReturnDecision, code: str, unit: str | None) -> ScopeGround:
    if decision is not ReturnDecision.GRANTED or unit is not None:
        raise field_error("ground", "not_needed", "只有同意退单、不再改派时才可不予受理")
    if turn.ticket.home is not None:
        told = "工单由其他平台转来，请退回来源平台（send-back），由其决定是否受理"
        raise field_error("ground", "other_platform", told)
    return find_ground(turn, code)


async def _refuse_bound(turn: Turn) -> None:
    ticket = turn.ticket
    forbids = None if turn.pack is None else turn.pack.returning.precedent_forbids
    if forbids is not None and not forbids.value:
        return
    precedent = await _find_binding(turn)
    if precedent is None or ticket.unit not in (precedent.lead_unit, *precedent.co_units):
        return
    raise PrecedentBinds(
        f"同类事项已由{precedent.document}确定主办、协办单位，"
        "应当参照办理，不得退回（ZY 13.5(5)）。"
    )


async def _find_binding(turn: Turn) -> Precedent | None:
    """The precedent of its kind, else the one that was made of this very ticket."""
    session, ticket = turn.session, turn.ticket
    if ticket.category is not None:
        found = await find_precedent_of(session, ticket.category, ticket.handling_place)
        if found is not None:
            return found
    case = None if ticket.case_id is None else await session.get(Case, ticket.case_id)
    if case is None or case.precedent_id is None:
        return None
    precedent = await session.get_one(Precedent, case.precedent_id)
    return precedent if precedent.retired_at is None else None


def _kind_of_dispute(decision: ReturnDecision, kind: CaseKind | None) -> CaseKind:
    if kind is not None and decision is not ReturnDecision.COORDINATION:
        raise field_error("kind", "not_needed", "只有提交会商时才填写会商情形")
    chosen = kind or CaseKind.UNDETERMINED
    if not PAPERS[chosen].is_return:
        raise field_error("kind", "not_a_dispute", "退单争议的会商情形只能是 undetermined、no_lead")
    return chosen


async def _find_other_unit(turn: Turn, decision: ReturnDecision, returning: str, code: str) -> Unit:
    if decision is not ReturnDecision.GRANTED:
        raise field_error("unit", "not_needed", "只有同意退单时才可另行指定承办单位")
    if code == returning:
        raise field_error("unit", "same_unit", "不能派回刚同意退单的承办单位")
    return await find_competent_unit(turn, code)


def _window(turn: Turn) -> Deadline | None:
    standing, pack = turn.ticket.standing, turn.pack
    if standing is None or pack is None:
        return None
    return return_deadline(standing, pack, turn.calendar)
