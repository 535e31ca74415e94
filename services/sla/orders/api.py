"""Orders over HTTP: raised, signed, dropped, answered, accepted, listed, printed."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.orders import acts
from services.sla.orders.acts import Turn
from services.sla.orders.letters import write_letter
from services.sla.orders.models import Order
from services.sla.orders.papers import paper_of
from services.sla.orders.queries import Filter, find_order, find_unit_names, list_orders
from services.sla.orders.rules import OrderAct
from services.sla.orders.schemas import (
    AcceptAnswer,
    AnswerOrder,
    DocumentQuery,
    DropOrder,
    OrderQuery,
    OrderShown,
    OrderSummary,
    RaiseOrder,
    RejectAnswer,
    SignOrder,
    letter_of,
)
from shared import problems
from shared.answers import problems_of
from shared.documents import MEDIA_TYPES, NotNumbered, answer_document
from shared.events.words import OrderKind
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.policy.supervision import Rung
from shared.reading import reading
from shared.security import Caller, Principal
from shared.service import runtime_of

READ_PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
)
ACT_PROBLEMS = (
    *READ_PROBLEMS,
    problems.ActRefused,
    problems.StillRunning,
    problems.KeyReused,
)
DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {kind: {} for kind in ("text/markdown", *MEDIA_TYPES.values())},
        "description": "文书全文",
    }
}

router = APIRouter(prefix="/v1/orders", tags=["orders"])


@router.get(
    "",
    summary="督办文书列表",
    response_model=Page[OrderSummary],
    responses=problems_of(*READ_PROBLEMS),
)
async def find_orders(
    request: Request, caller: Caller, wanted: Annotated[OrderQuery, Query()]
) -> Page[OrderSummary]:
    """最新的在前；承办单位只看到发给本单位的，热线管理机构看到本地的 (C5)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await list_orders(
            session,
            caller=caller,
            wanted=Filter(**wanted.model_dump(exclude={"after", "limit"})),
            after=wanted.after_id(),
            limit=limit + 1,
        )
        names = await find_unit_names(session, [row.unit for row in rows])
        law = await runtime.law_book.read_in(session)
    items = [OrderSummary.of(row, _rung(row, law), names.get(row.unit)) for row in rows]
    return page_of(items, limit)


@router.post(
    "",
    summary="提出督办",
    status_code=201,
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS, acts.OrderOpen),
)
async def raise_order(body: RaiseOrder, request: Request, caller: Caller) -> Response:
    """按只能由人判断的情形提出，附事实和证据；拟稿后由政策规定的角色签发 (ZY 25.2, 26.2, 27)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        raised = await acts.raise_by_person(
            session, runtime, caller=caller, request=acts.Request(**body.model_dump())
        )
        law = await runtime.law_book.read_in(session)
        return Answer(await _shown(session, raised, law), status=201)

    return await run_act(runtime, request, caller, operation)


@router.get(
    "/{order_id}",
    summary="一份督办文书",
    response_model=OrderShown,
    responses=problems_of(*READ_PROBLEMS),
)
async def show_order(order_id: UUID, request: Request, caller: Caller) -> OrderShown:
    """事由、证据、编号、反馈期限、反馈和全部经过."""
    runtime = runtime_of(request)
    async with reading(runtime, caller) as session:
        order = await find_order(session, order_id, caller=caller)
        return await _shown(session, order, await runtime.law_book.read_in(session))


@router.get(
    "/{order_id}/document",
    summary="督办文书全文",
    response_class=Response,
    responses=problems_of(*READ_PROBLEMS, NotNumbered) | DOCUMENT,
)
async def print_order(
    order_id: UUID, request: Request, caller: Caller, wanted: Annotated[DocumentQuery, Query()]
) -> Response:
    """编号、主送单位、事由和证据、依据条款、要求、期限、签发人；DOCX、PDF 签发后才有."""
    runtime = runtime_of(request)
    async with reading(runtime, caller) as session:
        order = await find_order(session, order_id, caller=caller)
        names = await find_unit_names(session, [order.unit])
        law = await runtime.law_book.read_in(session)
    letter = letter_of(order, _pack(order, law), _rung(order, law), names.get(order.unit))
    if wanted.format is None:
        return Response(write_letter(letter), media_type="text/markdown; charset=utf-8")
    if order.number is None:
        raise NotNumbered
    return await answer_document(paper_of(letter, order.evidence), wanted.format)


@router.post(
    "/{order_id}/sign",
    summary="签发督办文书",
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS),
)
async def sign(order_id: UUID, _: SignOrder, request: Request, caller: Caller) -> Response:
    """由政策规定的角色签发，取得编号，反馈期限开始计算 (C5)."""
    return await _run(request, caller, order_id, OrderAct.SIGN, acts.sign_order)


@router.post(
    "/{order_id}/drop",
    summary="不予签发",
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS),
)
async def drop(order_id: UUID, body: DropOrder, request: Request, caller: Caller) -> Response:
    """拟稿不予签发，记录理由."""

    async def act(turn: Turn) -> None:
        await acts.drop_order(turn, reason=body.reason)

    return await _run(request, caller, order_id, OrderAct.DROP, act)


@router.post(
    "/{order_id}/answer",
    summary="反馈督办",
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS),
)
async def answer(order_id: UUID, body: AnswerOrder, request: Request, caller: Caller) -> Response:
    """承办单位反馈；逾期的仍可反馈，记为逾期."""

    async def act(turn: Turn) -> None:
        await acts.answer_order(turn, answer=body.answer)

    return await _run(request, caller, order_id, OrderAct.ANSWER, act)


@router.post(
    "/{order_id}/accept",
    summary="认可反馈",
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS),
)
async def accept(order_id: UUID, body: AcceptAnswer, request: Request, caller: Caller) -> Response:
    """反馈符合要求，文书办结."""

    async def act(turn: Turn) -> None:
        await acts.accept_answer(turn, note=body.note)

    return await _run(request, caller, order_id, OrderAct.ACCEPT, act)


@router.post(
    "/{order_id}/reject-answer",
    summary="退回反馈",
    response_model=OrderShown,
    responses=problems_of(*ACT_PROBLEMS),
)
async def reject_answer(
    order_id: UUID, body: RejectAnswer, request: Request, caller: Caller
) -> Response:
    """反馈不符合要求：重新反馈，期限重新计算；可同时拟稿上一级督办文书 (ZY 26.4)."""

    async def act(turn: Turn) -> list[UUID]:
        return await acts.reject_answer(turn, reason=body.reason, climbs=body.climbs)

    return await _run(request, caller, order_id, OrderAct.REJECT_ANSWER, act)


async def _run(
    request: Request,
    caller: Principal,
    order_id: UUID,
    act: OrderAct,
    do: Callable[[Turn], Awaitable[list[UUID] | None]],
) -> Response:
    """One act: lock, act and answer in one transaction."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        turn = await acts.take_turn(session, runtime, caller=caller, order_id=order_id, act=act)
        drafted = await do(turn)
        shown = await _shown(session, turn.order, turn.law)
        return Answer(shown.model_copy(update={"drafted": drafted or []}))

    return await run_act(runtime, request, caller, operation)


async def _shown(session: AsyncSession, order: Order, law: Law) -> OrderShown:
    names = await find_unit_names(session, [order.unit])
    return OrderShown.whole(order, _rung(order, law), names.get(order.unit))


def _pack(order: Order, law: Law) -> Pack:
    pack = law.pack(order.policy)
    assert pack is not None, "a pack is never forgotten"
    return pack


def _rung(order: Order, law: Law) -> Rung:
    rung = _pack(order, law).supervision.rung(OrderKind(order.kind))
    assert rung is not None, "an order stands on a rung of its pack"
    return rung
