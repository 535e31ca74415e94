"""Calls over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.calls.operations import Recorded, record_calls
from services.intake.calls.queries import find_rates
from services.intake.calls.rules import Call, wrong_call
from services.intake.calls.schemas import CALL_EXAMPLE, CallIn, Rate, RateQuery, Rates, RecordedCall
from services.intake.schemas import BULK_ANSWERS, BulkLine
from shared.answers import ndjson, problems_of
from shared.database import Connection, connection_of
from shared.exchange import NDJSON
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.problems import (
    OF_WRITES,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    field_error,
    field_errors,
)
from shared.reading import reading_directly
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

FORM = TypeAdapter(CallIn)
PROBLEMS = problems_of(*OF_WRITES, TooLarge)
router = APIRouter(prefix="/v1/calls", tags=["calls"], responses=PROBLEMS)


@router.post(
    "",
    status_code=201,
    response_model=RecordedCall,
    responses={200: {"model": RecordedCall, "description": "此前已记录"}},
)
async def record_call(body: CallIn, request: Request, caller: Caller) -> Response:
    """一次来电的记录 (A15). The same `ref` again answers 200 with the first id."""
    runtime, call = runtime_of(request), _checked(body, caller)

    async def operation(session: AsyncSession) -> Answer:
        (recorded,) = await _record(runtime, await connection_of(session), [call])
        return Answer(RecordedCall(id=recorded.id), status=201 if recorded.is_new else 200)

    return await run_act(runtime, request, caller, operation)


@router.post(
    "/bulk",
    response_class=Response,
    responses={
        200: {
            "description": "逐行结果：`{line, status, id, problem}`",
            "content": ndjson(*BULK_ANSWERS),
        }
    },
    openapi_extra={"requestBody": {"required": True, "content": ndjson(CALL_EXAMPLE)}},
)
async def record_bulk(request: Request, caller: Caller) -> Response:
    """批量来电记录：每行一条 JSON. A wrong line is reported and the rest goes on."""
    runtime = runtime_of(request)
    lines = (await request.body()).split(b"\n")
    if len(lines) > runtime.settings.bulk_lines_max + 1:
        raise TooLarge(f"一次最多 {runtime.settings.bulk_lines_max} 行。")
    calls, answers = dict[int, Call](), dict[int, BulkLine]()
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            calls[place] = _checked(_parse(line), caller)
        except Problem as problem:
            answers[place] = BulkLine(line=place, status=problem.status, problem=problem.body())
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        recorded = await _record(runtime, connection, list(calls.values()))
    for place, one in zip(calls, recorded, strict=True):
        answers[place] = BulkLine(line=place, status=201 if one.is_new else 200, id=one.id)
    told = [answers[place].model_dump_json(exclude_none=True) for place in sorted(answers)]
    return Response("".join(f"{line}\n" for line in told), media_type=NDJSON)


@router.get("/rates", response_model=Rates)
async def show_rates(
    request: Request, caller: Caller, wanted: Annotated[RateQuery, Query()]
) -> Rates:
    """接通率：按座席类型、分中心、时段或日期 (A15, ZY 10, 25.1)."""
    place = wanted.jurisdiction or caller.jurisdiction
    if not covers(caller.jurisdiction, place):
        raise NotFound
    if wanted.end <= wanted.begin:
        raise field_error("end", "before_begin", "止应晚于起")
    runtime = runtime_of(request)
    async with reading_directly(runtime, caller) as connection:
        law = await runtime.law_book.read(connection, is_held=False)
        rows = await find_rates(connection, place, begin=wanted.begin, end=wanted.end, by=wanted.by)
    target = law.in_force(place, wanted.begin).calls.target
    return Rates(
        jurisdiction=place,
        begin=wanted.begin,
        end=wanted.end,
        target=target.value,
        source=target.source,
        items=[Rate.of(row, target.value) for row in rows],
    )


async def _record(runtime: Runtime, connection: Connection, calls: list[Call]) -> list[Recorded]:
    law = await runtime.law_book.read(connection)
    return await record_calls(
        connection, calls, law=law, source=runtime.source, now=runtime.clock.stepped
    )


def _parse(line: bytes) -> CallIn:
    try:
        return FORM.validate_json(line)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


def _checked(body: CallIn, caller: Principal) -> Call:
    if not covers(caller.jurisdiction, body.jurisdiction):
        raise field_error(
            "jurisdiction", "not_yours", f"您只能提交 {caller.jurisdiction} 范围内的来电"
        )
    call = body.call()
    if (wrong := wrong_call(call)) is not None:
        raise field_error(wrong.field, wrong.code, wrong.message)
    return call
