"""Seats over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from services.intake.seats.operations import put_seat as put_seat_row
from services.intake.seats.queries import Filter, list_seats
from services.intake.seats.schemas import PutSeat, SeatOut, SeatQuery
from shared.answers import problems_of
from shared.jurisdictions import covers
from shared.pages import Page, page_of
from shared.problems import Malformed, NotAllowed, NotFound, Unauthenticated
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

Number = Annotated[str, Path(pattern=r"^[\w.-]{1,32}$", description="工号", examples=["HW0107"])]
router = APIRouter(
    prefix="/v1/seats",
    tags=["seats"],
    responses=problems_of(Malformed, Unauthenticated, NotAllowed, NotFound),
)


@router.put("/{number}", response_model=SeatOut)
async def put_seat(number: Number, body: PutSeat, request: Request, caller: Caller) -> SeatOut:
    """座席：工号、类型、选派单位 (A17, XS 四(一))."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session, session.begin():
        law = await runtime.law_book.read_in(session)
        pack = law.in_force(body.jurisdiction, await runtime.clock.now(session))
        row = await put_seat_row(
            session, caller=caller, number=number, pack=pack, facts=body.model_dump(mode="json")
        )
        return SeatOut.of(row)


@router.get("", response_model=Page[SeatOut])
async def show_seats(
    request: Request, caller: Caller, wanted: Annotated[SeatQuery, Query()]
) -> Page[SeatOut]:
    """座席列表，按工号排列；只含提问者所辖地区的."""
    place = wanted.jurisdiction or caller.jurisdiction
    if not covers(caller.jurisdiction, place):
        raise NotFound
    async with reading(runtime_of(request), caller) as session:
        rows = await list_seats(
            session,
            Filter(place, wanted.kind, wanted.unit),
            after=wanted.after_key(),
            limit=wanted.limit + 1,
        )
    return page_of([SeatOut.of(row) for row in rows], wanted.limit, by="number")
