"""Calendars: load and list."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.calendars.operations import load_calendar
from services.sla.calendars.queries import find_calendar
from services.sla.calendars.queries import list_calendars as find_calendars
from services.sla.calendars.recompute import recompute
from services.sla.calendars.schemas import CalendarShown
from services.sla.policies.api import WRITE_PROBLEMS, require_place
from services.sla.policies.rules import File
from services.sla.policies.schemas import PublishFile, wrong_file
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, read_cursor, write_cursor
from shared.policy.errors import PolicyFileError
from shared.problems import Malformed, Unauthenticated
from shared.security import Caller
from shared.service import runtime_of

RECOMPUTE_SECONDS_MAX = 10.0
"""So long a call waits for the recompute; the worker does the rest."""
CALENDARS_SHOWN_MAX = 200

router = APIRouter(prefix="/v1/calendars", tags=["calendars"])


@router.post(
    "",
    status_code=201,
    response_model=CalendarShown,
    responses=problems_of(*WRITE_PROBLEMS),
)
async def publish_calendar(body: PublishFile, request: Request, caller: Caller) -> Response:
    """载入工作日历，并重新计算受影响的未办结时限 (C6). 同一内容再次载入答 200。"""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        try:
            loaded = await load_calendar(
                session, runtime, File(body.file, body.text), by=caller.subject
            )
        except PolicyFileError as error:
            raise wrong_file(error) from error
        require_place(runtime, caller, loaded.jurisdiction)
        shown = CalendarShown.of(await find_calendar(session, loaded.hash))
        return Answer(shown, status=201 if loaded.is_new else 200)

    answer = await run_act(runtime, request, caller, operation)
    content_hash: str = orjson.loads(answer.body)["hash"]
    await recompute(runtime, content_hash=content_hash, seconds_max=RECOMPUTE_SECONDS_MAX)
    async with runtime.database.sessions() as session:
        shown = CalendarShown.of(await find_calendar(session, content_hash))
    return Response(
        shown.model_dump_json(), status_code=answer.status_code, media_type="application/json"
    )


@router.get("", responses=problems_of(Malformed, Unauthenticated))
async def list_calendars(
    request: Request,
    _: Caller,
    after: Annotated[str | None, Query(description="上一页的 next")] = None,
    limit: Annotated[int, Query(ge=1, le=CALENDARS_SHOWN_MAX)] = CALENDARS_SHOWN_MAX,
) -> Page[CalendarShown]:
    """已载入的工作日历，以及各自调整了多少时限。"""
    key = read_cursor(after, parts=2)
    last = None
    if key is not None:
        last = (str(key[0]), key[1] if isinstance(key[1], int) else 0)
    async with runtime_of(request).database.sessions() as session:
        rows = await find_calendars(session, after=last, limit=limit + 1)
    items = [CalendarShown.of(row) for row in rows[:limit]]
    is_last = len(rows) <= limit
    rest = None if is_last else write_cursor(rows[limit - 1].jurisdiction, rows[limit - 1].number)
    return Page(items=items, next=rest)
