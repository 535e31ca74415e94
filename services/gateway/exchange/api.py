"""The exchange over HTTP: for other platforms, and for who keeps it going here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.exchange import outgoing, schemas, set_aside
from services.gateway.exchange.operations import Place, receive
from services.gateway.exchange.queries import (
    RECEIVED,
    list_reconciliations,
    list_refused,
    list_set_aside,
    marks,
    read_status,
    span_of,
    tally,
)
from services.gateway.exchange.reading import Correspondents, answer_of, read_lines
from services.gateway.federation.operations import hosted_places, sort_messages
from shared import telemetry
from shared.answers import json_body, ndjson, problems_of
from shared.audit import Entry, note
from shared.database import connection_of
from shared.exchange import (
    ANSWER_EXAMPLES,
    MESSAGE_EXAMPLE,
    NDJSON,
    LineAnswer,
    Message,
    Reconciliation,
)
from shared.idempotency import Answer, run_act
from shared.pages import Page, PageQuery, page_of
from shared.problems import (
    ActRefused,
    KeyReused,
    Malformed,
    NotAllowed,
    NotFound,
    StillRunning,
    TooLarge,
    Unauthenticated,
    field_error,
)
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

PEERS_MAX = 1_000
REFUSED_MAX = 1_000
PROBLEMS = problems_of(Malformed, Unauthenticated, NotAllowed)
ACT_PROBLEMS = problems_of(NotFound, StillRunning, KeyReused, ActRefused)
exchange = APIRouter(prefix="/v1/exchange", tags=["exchange"], responses=PROBLEMS)
router = APIRouter(prefix="/v1/federation", tags=["federation"], responses=PROBLEMS)
MESSAGE_BODY = json_body(Message)
MESSAGE_BODY["requestBody"]["content"] |= ndjson(MESSAGE_EXAMPLE)


@exchange.post(
    "/messages",
    summary="接收其他平台的消息",
    response_model=LineAnswer,
    responses=problems_of(TooLarge)
    | {200: {"content": ndjson(*ANSWER_EXAMPLES), "description": "逐条结果"}},
    openapi_extra=MESSAGE_BODY,
)
async def take_messages(request: Request, caller: Caller) -> Response:
    """一条消息（application/json），或每行一条（application/x-ndjson）；逐条答复 (F1, F3).

    同一编号的消息只计一次，因此不需要 Idempotency-Key。
    """
    runtime = runtime_of(request)
    body = await request.body()
    is_many = request.headers.get("content-type", "").split(";")[0].strip().lower() == NDJSON
    lines = body.split(b"\n") if is_many else [body]
    if len(lines) > runtime.settings.bulk_lines_max + 1:
        raise TooLarge(f"一次最多 {runtime.settings.bulk_lines_max} 行。")
    if not any(line.strip() for line in lines):
        raise field_error("body", "missing", "没有消息")
    sender, pool = sender_of(caller), runtime.database.pool
    async with pool.acquire() as connection:
        hosted = await hosted_places(connection)
    who = Correspondents(sender, {runtime.settings.platform, *hosted})
    arrived, answers = await read_lines(lines, who)
    async with pool.acquire() as connection, connection.transaction():
        verdicts = await receive(connection, sender, list(arrived.values()), _place(runtime))
    for (place, one), verdict in zip(arrived.items(), verdicts, strict=True):
        answers[place] = answer_of(place, one, verdict)
    for answer in answers.values():
        telemetry.MESSAGES_RECEIVED.labels(sender, answer.status).inc()
    if not is_many:
        return Response(answers[1].model_dump_json(), media_type="application/json")
    written = [answers[place].model_dump_json(exclude_none=True) for place in sorted(answers)]
    return Response("\n".join(written) + "\n", media_type=NDJSON)


@exchange.get("/reconciliation", summary="对账", response_model=Reconciliation)
async def compare(
    asked: Annotated[schemas.ReconciliationQuery, Query()], request: Request, caller: Caller
) -> Reconciliation:
    """本平台某天收到的、由询问方发来的消息：条数和摘要 (E2, F3)."""
    if asked.hour is not None and asked.kind is None:
        raise field_error("kind", "missing", "指定 hour 时须同时指定 kind")
    found = Reconciliation(day=asked.day, kind=asked.kind, hour=asked.hour)
    sender = sender_of(caller)
    async with runtime_of(request).database.pool.acquire() as connection, connection.transaction():
        if asked.hour is not None and asked.kind is not None:
            span = span_of(asked.day, asked.hour)
            found.marks = await marks(connection, RECEIVED, sender, span, asked.kind)
        else:
            found.tallies = await tally(connection, RECEIVED, sender, asked.day, asked.kind)
    return found


@router.get("/status", summary="与各平台交换消息的情况", response_model=schemas.Status)
async def show_status(request: Request, _: Caller) -> schemas.Status:
    """队列长度、最近收发、熔断、搁置和对账 (F3)."""
    runtime = runtime_of(request)
    async with runtime.database.pool.acquire() as connection:
        rows = await read_status(connection, limit=PEERS_MAX)
    failures_max = runtime.settings.exchange_failures_max
    return schemas.Status(
        items=[schemas.PeerStatus.of(row, failures_max=failures_max) for row in rows]
    )


@router.get("/set-aside", summary="搁置的消息", response_model=Page[schemas.SetAsideMessage])
async def show_set_aside(
    request: Request, _: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[schemas.SetAsideMessage]:
    """已收到而无法使用的消息，以及其后等候的条数 (F3)."""
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await list_set_aside(connection, after=wanted.after_id(), limit=wanted.limit + 1)
    return page_of([schemas.SetAsideMessage.of(row) for row in rows], wanted.limit)


@router.post(
    "/set-aside/{set_aside_id}/replay",
    name="replay_set_aside",
    summary="重新处理搁置的消息",
    response_model=schemas.Decided,
    responses=ACT_PROBLEMS,
)
async def replay(
    set_aside_id: UUID, _: schemas.Decide, request: Request, caller: Caller
) -> Response:
    """仍无法使用的保持原样并说明原因；成功的，其后等候的消息依序继续 (F3)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        connection = await connection_of(session)
        went_on = await set_aside.replay(
            connection, set_aside_id, runtime.settings.platform, _place(runtime)
        )
        return Answer(schemas.Decided(id=set_aside_id, went_on=went_on))

    return await run_act(runtime, request, caller, operation)


@router.post(
    "/set-aside/{set_aside_id}/drop",
    name="drop_set_aside",
    summary="丢弃搁置的消息",
    response_model=schemas.Decided,
    responses=ACT_PROBLEMS,
)
async def drop(set_aside_id: UUID, _: schemas.Decide, request: Request, caller: Caller) -> Response:
    """不再使用该消息，其后等候的消息依序继续；留痕 (F3)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        connection = await connection_of(session)
        dropped = await set_aside.drop(
            connection, set_aside_id, runtime.settings.platform, _place(runtime)
        )
        entry = Entry("message.dropped", str(dropped), caller.subject)
        await note(session, entry, at=await runtime.clock.now(session))
        return Answer(schemas.Decided(id=set_aside_id, message_id=dropped))

    return await run_act(runtime, request, caller, operation)


@router.get("/refused", summary="对方不予接收的消息", response_model=schemas.RefusedSubjects)
async def show_refused(request: Request, _: Caller) -> schemas.RefusedSubjects:
    """同一业务对象的后续消息依序等候 (F3)."""
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await list_refused(connection, limit=REFUSED_MAX)
    return schemas.RefusedSubjects(items=[schemas.RefusedSubject.of(row) for row in rows])


@router.post(
    "/refused/retry",
    summary="重新发送对方不予接收的消息",
    response_model=schemas.Retried,
    responses=ACT_PROBLEMS,
)
async def retry(body: schemas.Retry, request: Request, caller: Caller) -> Response:
    """对方改正后由系统管理重新发送 (F3)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        if not await outgoing.go_on(await connection_of(session), body.peer, body.subject):
            raise NotFound
        return Answer(schemas.Retried(peer=body.peer, subject=body.subject))

    return await run_act(runtime, request, caller, operation)


@router.get("/reconciliations", summary="对账结果", response_model=Page[schemas.ComparedDay])
async def show_reconciliations(
    request: Request, _: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[schemas.ComparedDay]:
    """与各平台逐日对账的结果，最近的在前 (E2)."""
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await list_reconciliations(
            connection, peer=None, after=wanted.after_id(), limit=wanted.limit + 1
        )
    return page_of([schemas.ComparedDay.of(row) for row in rows], wanted.limit)


def sender_of(caller: Principal) -> str:
    """The platform that signed. Raises `NotAllowed` for who only has a role of one."""
    if caller.subject != f"{caller.role}:{caller.jurisdiction}":
        raise NotAllowed("须由已登记的平台签名。")
    return caller.jurisdiction


def _place(runtime: Runtime) -> Place:
    return Place(runtime.source, sort_messages, runtime.clock.stepped)
