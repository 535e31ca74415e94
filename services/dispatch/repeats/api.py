"""Repeats and offers of masters over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.queries import find_ticket
from services.dispatch.repeats.offered import OfferDismissed, dismiss_offer, list_offers
from services.dispatch.repeats.queries import find_repeats_of, search
from services.dispatch.repeats.rows import FrequencyBook
from services.dispatch.repeats.rules import is_empty
from services.dispatch.repeats.schemas import (
    AlikeTicket,
    DismissedOffer,
    DismissOffer,
    Offer,
    OfferQuery,
    OwnTicket,
    Repeats,
    SearchRepeats,
    TicketRepeats,
)
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.pages import Page, page_of
from shared.problems import NotFound
from shared.reading import reading, reading_directly
from shared.security import Caller
from shared.service import runtime_of

READ_PROBLEMS = (problems.Malformed, problems.Unauthenticated, problems.NotAllowed)

router = APIRouter(prefix="/v1/repeats", tags=["repeats"])
ticket_repeats_router = APIRouter(prefix="/v1/tickets", tags=["repeats"])
offer_router = APIRouter(prefix="/v1/masters/offers", tags=["repeats"])


@router.post(
    "/search",
    response_model=Repeats,
    responses=problems_of(*READ_PROBLEMS, problems.NotFound),
)
async def search_repeats(body: SearchRepeats, request: Request, caller: Caller) -> Repeats:
    """边听边查：该诉求人是否说过、他人是否说过同一件事 (A7、A8)。不登记，不留存."""
    if not covers(caller.jurisdiction, body.jurisdiction):
        raise NotFound(f"{body.jurisdiction} 不在您的权限范围内。")
    if is_empty(body.title, body.content):
        return Repeats(same_caller=[], same_matter=[])
    runtime = runtime_of(request)
    async with runtime.database.pool.acquire() as connection:
        known = await book_of(request).read(connection)
        found = await search(
            connection, known, body.asked(), caller=caller, now=runtime.clock.stepped
        )
    return Repeats.of(found)


@ticket_repeats_router.get(
    "/{ticket_id}/repeats",
    response_model=TicketRepeats,
    responses=problems_of(
        problems.Malformed, problems.Unauthenticated, problems.NotFound, problems.NotHeardYet
    ),
)
async def show_repeats(ticket_id: UUID, request: Request, caller: Caller) -> TicketRepeats:
    """工单的重复情况：该诉求人更早、更晚的同一事项，所在的合并建议 (A7)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with reading(runtime, caller) as session:
        ticket = await find_ticket(session, ticket_id, caller=caller)
        repeats = ticket.repeats
    async with reading_directly(runtime, caller) as connection:
        known = await book_of(request).read(connection)
        found = await find_repeats_of(connection, known, ticket_id, caller=caller)
    is_office = not caller.is_of_unit
    return TicketRepeats(
        ticket_id=ticket_id,
        repeats=repeats,
        found=None if found.earlier is None else OwnTicket.matched(found.earlier),
        asked_again=[AlikeTicket.of(one) for one in found.later],
        offer=found.offer if is_office else None,
    )


@offer_router.get("", response_model=Page[Offer], responses=problems_of(*READ_PROBLEMS))
async def find_offers(
    request: Request, caller: Caller, wanted: Annotated[OfferQuery, Query()]
) -> Page[Offer]:
    """合并建议：多人反映、看来是同一件事的工单，最新的在前；由人并入主工单 (A8)."""
    runtime = runtime_of(request)
    place = wanted.jurisdiction or caller.jurisdiction
    if not covers(caller.jurisdiction, place):
        return Page(items=[], next=None)
    async with reading_directly(runtime, caller) as connection:
        known = await book_of(request).read(connection)
        offers = await list_offers(
            connection,
            known,
            caller=caller,
            jurisdiction=place,
            after=wanted.after_id(),
            limit=wanted.limit + 1,
            now=runtime.clock.stepped,
        )
    return page_of([Offer.of(one) for one in offers], wanted.limit)


@offer_router.post(
    "/{offer_id}/dismiss",
    response_model=DismissedOffer,
    responses=problems_of(
        *(*READ_PROBLEMS, problems.NotFound, problems.StillRunning, problems.KeyReused),
        OfferDismissed,
    ),
)
async def dismiss(offer_id: UUID, body: DismissOffer, request: Request, caller: Caller) -> Response:
    """不予采纳合并建议：人数增加一倍时再提 (A8)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        offer = await dismiss_offer(
            session, runtime, caller=caller, offer_id=offer_id, reason=body.reason
        )
        return Answer(DismissedOffer.of(offer))

    return await run_act(runtime, request, caller, operation)


def book_of(request: Request) -> FrequencyBook:
    """The frequencies that this process keeps in memory."""
    book: FrequencyBook = request.app.state.frequencies
    return book
