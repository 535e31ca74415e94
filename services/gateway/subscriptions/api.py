"""Subscriptions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.feeds.schemas import position_of
from services.gateway.subscriptions import operations
from services.gateway.subscriptions.queries import list_subscriptions
from services.gateway.subscriptions.schemas import (
    Replay,
    Stop,
    Subscribe,
    Subscription,
)
from shared.answers import problems_of
from shared.audit import Entry, note
from shared.idempotency import Answer, run_act
from shared.pages import Page, PageQuery, page_of
from shared.problems import OF_WRITES
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES)
router = APIRouter(prefix="/v1/subscriptions", tags=["feeds"], responses=PROBLEMS)


@router.post("", status_code=201, response_model=Subscription)
async def subscribe(body: Subscribe, request: Request, caller: Caller) -> Response:
    """订阅：由系统管理为承办单位登记接收地址 (B10)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        made = await operations.subscribe(
            session,
            runtime.clock,
            caller=caller,
            unit=body.unit,
            url=body.url,
            secret=body.secret,
            position=position_of(body.after, field="after"),
            settings=runtime.settings,
        )
        detail = {"unit": made.unit}
        entry = Entry("subscription.made", str(made.id), caller.subject, detail=detail)
        await note(session, entry, at=None)
        return Answer(Subscription.of(made), status=201)

    return await run_act(runtime, request, caller, operation)


@router.get("", response_model=Page[Subscription])
async def show_subscriptions(
    request: Request, caller: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[Subscription]:
    """订阅列表，停推的也在其中；承办单位只见本单位的."""
    async with reading(runtime_of(request), caller) as session:
        rows = await list_subscriptions(
            session, caller=caller, after=wanted.after_id(), limit=wanted.limit + 1
        )
    return page_of([Subscription.of(row) for row in rows], wanted.limit)


@router.post("/{subscription_id}/replay", response_model=Subscription)
async def replay(subscription_id: UUID, body: Replay, request: Request, caller: Caller) -> Response:
    """重新推送：从一个游标之后，或从中断处继续."""
    runtime = runtime_of(request)
    position = None if body.after is None else position_of(body.after, field="after")

    async def operation(session: AsyncSession) -> Answer:
        found = await operations.replay(
            session, runtime, subscription_id, caller=caller, position=position
        )
        return Answer(Subscription.of(found))

    return await run_act(runtime, request, caller, operation)


@router.post("/{subscription_id}/stop", response_model=Subscription)
async def stop(subscription_id: UUID, _: Stop, request: Request, caller: Caller) -> Response:
    """停用订阅."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        found = await operations.stop(session, runtime, subscription_id, caller=caller)
        return Answer(Subscription.of(found))

    return await run_act(runtime, request, caller, operation)
