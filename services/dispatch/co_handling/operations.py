"""Choosing who handles with the lead, and what those do (ZY 13.5(5)), under the ticket's lock."""

from collections.abc import Sequence

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.dispatch.acts.operations import Turn, say, unit_of
from services.dispatch.co_handling.models import CoHandler
from services.dispatch.co_handling.parts import find_part, list_parts
from services.dispatch.directory.rules import suits
from services.dispatch.models import Unit
from services.dispatch.reminders.operations import remind
from services.dispatch.reminders.rules import CO_HANDLING
from shared.events.loop import TicketCoReplied, TicketCoSigned, TicketCoUnitsChosen
from shared.events.words import Act
from shared.problems import ActRefused, field_error

AT_OR_BELOW = text("""WITH RECURSIVE below (code) AS (
    SELECT code FROM units WHERE code = :top
    UNION SELECT u.code FROM units u JOIN below b ON u.superior = b.code)
SELECT code FROM below WHERE code = ANY(:codes)""")


async def check_co_units(turn: Turn, codes: Sequence[str], *, lead: str) -> tuple[str, ...]:
    """Units that may handle with the lead. Raises `Malformed`, naming the first that may not.

    They are active, suit the place, are not the lead, and neither the unit complained of nor
    below it (XS 三(四)).
    """
    wanted = tuple(dict.fromkeys(codes))
    if not wanted:
        return ()
    if lead in wanted:
        raise field_error("co_units", "lead_unit", "主办单位不能同时协办（ZY 13.5(5)）")
    rows = await turn.session.scalars(select(Unit).where(Unit.code.in_(wanted)))
    units = {unit.code: unit for unit in rows}
    about = await _at_or_below(turn, wanted)
    place = turn.ticket.handling_place
    for code in wanted:
        unit = units.get(code)
        if unit is None:
            raise field_error("co_units", "unknown_unit", f"没有承办单位 {code}")
        if not unit.is_active:
            raise field_error("co_units", "inactive_unit", f"{unit.name}已停用")
        if not suits(unit.jurisdiction, place):
            raise field_error("co_units", "other_place", f"{unit.name}不管辖工单所在地 {place}")
        if unit.platform is not None:
            told = f"{unit.name}代表其他平台，只能主办，不能协办"
            raise field_error("co_units", "other_platform", told)
        if code in about:
            raise field_error(
                "co_units", "about_unit", f"诉求涉及{unit.name}或其上级，不得参与办理（XS 三(四)）"
            )
    return wanted


async def keep_co_units(turn: Turn, codes: Sequence[str]) -> None:
    """These units handle with the lead from now on; others of the round no longer do."""
    ticket = turn.ticket
    added = [code for code in codes if code not in ticket.co_units]
    await end_co_handling(turn)
    if codes:
        values = [
            {"ticket_id": ticket.id, "round": ticket.round, "unit": code, "chosen_at": turn.at}
            for code in codes
        ]
        # A unit that was taken off and is asked again goes on where it was.
        statement = insert(CoHandler).values(values)
        await turn.session.execute(
            statement.on_conflict_do_update(
                index_elements=["ticket_id", "round", "unit"], set_={"is_open": True}
            )
        )
    ticket.co_units = list(codes)
    await remind(turn, TicketCoUnitsChosen.type, CO_HANDLING, units=added)


async def end_co_handling(turn: Turn) -> None:
    """Nobody handles with the lead any more: another round begins, or others are chosen."""
    if not turn.ticket.co_units:
        return
    await turn.session.execute(
        update(CoHandler)
        .where(CoHandler.ticket_id == turn.ticket.id, CoHandler.is_open)
        .values(is_open=False)
    )
    turn.ticket.co_units = []


async def reopen_parts(turn: Turn) -> None:
    """Those who handle with the lead reply anew; the timeline keeps what they said (ZY 14.2)."""
    if not turn.ticket.co_units:
        return
    await turn.session.execute(
        update(CoHandler)
        .where(CoHandler.ticket_id == turn.ticket.id, CoHandler.is_open)
        .values(reply=None, replied_at=None, replied_by=None)
    )


async def choose_co_units(turn: Turn, *, units: Sequence[str], reason: str) -> None:
    """Say who handles with the lead: all of them; none ends the co-handling.

    Raises `Malformed` for a unit that may not, `ActRefused` where one that has replied would go.
    """
    lead = unit_of(turn.ticket)
    chosen = await check_co_units(turn, units, lead=lead)
    replied = {part.unit for part in await list_parts(turn) if part.replied_at is not None}
    gone = sorted(replied - set(chosen))
    if gone:
        raise ActRefused(f"{'、'.join(gone)} 已作协办答复，不能取消其协办。", allowed=[])
    await keep_co_units(turn, chosen)
    payload = TicketCoUnitsChosen(
        lead=lead, co_units=chosen, reason=reason, chosen_by=turn.caller.subject
    )
    detail = {"co_units": list(chosen), "article": "ZY 13.5(5)"}
    await say(turn, payload, text=reason, detail=detail)


async def sign_part(turn: Turn) -> None:
    """A co-handling unit takes its part. Raises `ActRefused` the second time."""
    part = await find_part(turn)
    if part.signed_at is not None:
        raise ActRefused("本单位已协办签收。", allowed=_next_of(part))
    part.signed_at, part.signed_by = turn.at, turn.caller.subject
    payload = TicketCoSigned(unit=part.unit, signed_by=turn.caller.subject)
    await say(turn, payload, detail={"unit": part.unit})


async def reply_part(turn: Turn, *, findings: str, basis: str, result: str) -> None:
    """A co-handling unit tells the lead what came of its part; it counts as its signature.

    Raises `ActRefused` the second time, unless the ticket was sent back to be done again.
    """
    part = await find_part(turn)
    if part.replied_at is not None:
        told = "本单位已作协办答复，退回重新办理之前，每个协办单位答复一次。"
        raise ActRefused(told, allowed=[])
    by = turn.caller.subject
    if part.signed_at is None:
        part.signed_at, part.signed_by = turn.at, by
    elements = {"findings": findings, "basis": basis, "result": result}
    part.reply, part.replied_at, part.replied_by = elements, turn.at, by
    lead = unit_of(turn.ticket)
    payload = TicketCoReplied(unit=part.unit, lead=lead, replied_by=by, **elements)
    await say(turn, payload, text=result, detail={"unit": part.unit, **elements})


def _next_of(part: CoHandler) -> list[Act]:
    return [Act.CO_REPLY] if part.replied_at is None else []


async def _at_or_below(turn: Turn, codes: Sequence[str]) -> set[str]:
    about = turn.ticket.about_unit
    if about is None:
        return set()
    rows = await turn.session.scalars(AT_OR_BELOW, {"top": about, "codes": list(codes)})
    return set(rows)
