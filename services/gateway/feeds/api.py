"""The feed over HTTP: pull with a cursor, long poll."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.gateway.feeds.queries import Heads, read_feed, wait_woken
from services.gateway.feeds.schemas import Feed, FeedQuery
from shared.answers import problems_of
from shared.problems import Malformed, NotAllowed, Unauthenticated
from shared.reading import reading_directly
from shared.security import Caller
from shared.service import runtime_of

router = APIRouter(
    prefix="/v1/feeds",
    tags=["feeds"],
    responses=problems_of(Malformed, Unauthenticated, NotAllowed),
)


@router.get("/dispatches", response_model=Feed)
async def read_dispatches(
    request: Request, caller: Caller, wanted: Annotated[FeedQuery, Query()]
) -> Feed:
    """本单位工单的动态，最早的在前；可长轮询 (B10, GS 二(二)3)."""
    runtime, heads = runtime_of(request), _heads(request)
    after, unit = wanted.after_position(), caller.unit or ""
    if not wanted.wait:
        async with reading_directly(runtime, caller) as connection:
            rows = await read_feed(connection, unit, after=after, limit=wanted.limit)
        return Feed.of(rows, after)
    async with heads.waiting(unit) as woken:
        async with reading_directly(runtime, caller) as connection:
            rows = await read_feed(connection, unit, after=after, limit=wanted.limit)
        if not rows:
            await wait_woken(woken, wanted.wait)
            async with reading_directly(runtime, caller) as connection:
                rows = await read_feed(connection, unit, after=after, limit=wanted.limit)
    return Feed.of(rows, after)


def _heads(request: Request) -> Heads:
    state = request.app.state
    if not hasattr(state, "heads"):
        state.heads = Heads(runtime_of(request).database.pool)
    heads: Heads = state.heads
    return heads
