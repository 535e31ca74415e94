"""Handing a ticket to another level of this platform (B12), under the lock on its row."""

from sqlalchemy import exists, func, select

from services.dispatch.acts.operations import Turn, say
from services.dispatch.directory.rules import outer_codes
from services.dispatch.dispatching.operations import send_by_rule
from services.dispatch.levels.rules import is_in_line
from services.dispatch.models import Unit
from services.dispatch.rules import state_after
from shared.events.loop import TicketMoved
from shared.events.words import Act
from shared.problems import Problem, field_error


class OtherPlatform(Problem):
    """The place is none of this platform's."""

    status = 409
    code = "other_platform"
    detail = "该地没有本平台的承办单位，属其他平台，请派单至代表该平台的单位。"


async def move_ticket(turn: Turn, *, to_jurisdiction: str, reason: str) -> None:
    """Let another level handle the ticket; a rule of that place sends it at once, where one fits.

    Pack, clocks and number stay those of the place that accepted it. A place is this platform's
    where an active unit is of that very place, and stands for no other platform. Raises
    `Malformed` for the same place and for one that lies neither above nor below, `OtherPlatform`,
    naming the units to dispatch to instead.
    """
    ticket, place = turn.ticket, turn.ticket.handling_place
    if to_jurisdiction == place:
        raise field_error("to_jurisdiction", "same_place", f"工单已在 {place} 办理")
    is_ours = exists().where(
        Unit.jurisdiction == to_jurisdiction, Unit.is_active, Unit.platform.is_(None)
    )
    if not await turn.session.scalar(select(is_ours)):
        raise OtherPlatform(_to_whom(to_jurisdiction, await _find_platforms(turn, to_jurisdiction)))
    if not is_in_line(place, to_jurisdiction, mover=turn.caller.jurisdiction):
        told = f"{to_jurisdiction} 不是 {place} 的上级，也不是其所辖地区，请先转交上级"
        raise field_error("to_jurisdiction", "not_in_line", told)
    ticket.state = state_after(ticket.state, Act.MOVE)
    ticket.handled_in = None if to_jurisdiction == ticket.jurisdiction else to_jurisdiction
    ticket.suggested_at = None
    payload = TicketMoved(
        from_jurisdiction=place,
        to_jurisdiction=to_jurisdiction,
        reason=reason,
        moved_by=turn.caller.subject,
    )
    detail = {"from_jurisdiction": place, "to_jurisdiction": to_jurisdiction}
    await say(turn, payload, text=reason, detail=detail)
    await send_by_rule(turn)


async def _find_platforms(turn: Turn, place: str) -> list[Unit]:
    """The active units that stand for other platforms around a place, the nearest first."""
    units = await turn.session.scalars(
        select(Unit)
        .where(Unit.platform.in_(outer_codes(place)), Unit.is_active)
        .order_by(func.length(func.rtrim(Unit.platform, "0")).desc(), Unit.code)
    )
    return list(units)


def _to_whom(place: str, units: list[Unit]) -> str:
    if not units:
        return f"{place} 没有本平台的承办单位，属其他平台，且没有代表该平台的单位，请先登记。"
    named = "、".join(f"{unit.code}（{unit.name}）" for unit in units)
    return f"{place} 没有本平台的承办单位，属其他平台，请派单（dispatch）至 {named}。"
