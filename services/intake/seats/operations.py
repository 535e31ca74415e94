"""Adding and changing seats."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Unit
from services.intake.seats.models import Seat
from services.intake.seats.rules import wrong_unit
from shared.audit import Entry, note
from shared.events.kinds import Seat as SeatKind
from shared.jurisdictions import covers
from shared.policy.hotlines import find_hotline
from shared.policy.model import Pack
from shared.problems import NotFound, field_error
from shared.security import Principal


async def put_seat(
    session: AsyncSession, *, caller: Principal, number: str, pack: Pack, facts: dict[str, Any]
) -> Seat:
    """Add or change a seat (A17).

    Raises `NotFound` for a place that is not the caller's, or a number that is another place's;
    `Malformed` for an expert without a unit, an unknown unit, or a subcenter whose number is not
    in the place's merge registry.
    """
    before = await session.get(Seat, number, with_for_update=True)
    places = [facts["jurisdiction"], *([] if before is None else [before.jurisdiction])]
    if not all(covers(caller.jurisdiction, place) for place in places):
        raise NotFound(f"{facts['jurisdiction']} 不在您的权限范围内。")
    if (wrong := wrong_unit(SeatKind(facts["kind"]), facts["unit"])) is not None:
        raise field_error("unit", "wrong_unit", wrong)
    if facts["unit"] is not None and await session.get(Unit, facts["unit"]) is None:
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if facts["subcenter"] is not None and find_hotline(pack, facts["subcenter"]) is None:
        raise field_error("subcenter", "unknown_number", "不在当地的热线归并清单内")
    row = insert(Seat).values(number=number, **facts)
    await session.execute(row.on_conflict_do_update(index_elements=["number"], set_=facts))
    detail = {"kind": facts["kind"], "unit": facts["unit"]}
    await note(session, Entry("seat.changed", number, caller.subject, detail=detail), at=None)
    return await session.get_one(Seat, number, populate_existing=True)
