"""Quality checks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.quality import operations, queries, schemas
from services.intake.quality.rules import grade
from shared.answers import problems_of
from shared.database import connection_of
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.pages import Page, page_of
from shared.problems import OF_WRITES, ActRefused, NotFound, field_error
from shared.reading import reading, write_again
from shared.security import Caller, Principal
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES, ActRefused)
router = APIRouter(prefix="/v1", tags=["quality"], responses=PROBLEMS)


@router.put("/quality-forms/{code}", response_model=schemas.FormOut)
async def put_form(
    code: Annotated[str, Path(pattern=r"^[\w.-]{1,32}$")],
    body: schemas.PutForm,
    request: Request,
    caller: Caller,
) -> schemas.FormOut:
    """质检评分表；再次提交即为新版本 (A18, XS 四(一))."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session, session.begin():
        form = await operations.put_form(
            session,
            runtime,
            caller=caller,
            code=code,
            jurisdiction=body.jurisdiction,
            subject=body.subject,
            lines=[line.line() for line in body.lines],
        )
        return schemas.FormOut.of(form)


@router.get("/quality-forms", response_model=schemas.Forms)
async def show_forms(request: Request, caller: Caller) -> schemas.Forms:
    """质检评分表，含历次版本."""
    async with reading(runtime_of(request), caller) as session:
        rows = await queries.list_forms(session, caller.jurisdiction)
    return schemas.Forms(items=[schemas.FormOut.of(row) for row in rows])


@router.post("/quality-checks/sample", response_model=schemas.Drawn)
async def draw(body: schemas.Draw, request: Request, caller: Caller) -> schemas.Drawn:
    """抽检：随机按政策包的比例，重办、有异议、滥用热线的每件必检 (A18). 重抽不重复."""
    _require_place(caller, body.jurisdiction)
    if body.end <= body.begin:
        raise field_error("end", "before_begin", "止应晚于起")
    runtime = runtime_of(request)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        law = await runtime.law_book.read(connection)
        share = law.in_force(body.jurisdiction, body.begin).quality.share
        drawn = await operations.draw_sample(
            connection,
            jurisdiction=body.jurisdiction,
            share=share.value,
            begin=body.begin,
            end=body.end,
            now=runtime.clock.stepped,
        )
    return schemas.Drawn(share=share.value, source=share.source, **drawn)


@router.get("/quality-checks", response_model=Page[schemas.CheckOut])
async def show_checks(
    request: Request, caller: Caller, wanted: Annotated[schemas.CheckQuery, Query()]
) -> Page[schemas.CheckOut]:
    """质检列表，最新的在前；热线办和质检座席见全部，话务员只见本人的."""
    place = wanted.jurisdiction or caller.jurisdiction
    _require_place(caller, place)
    async with reading(runtime_of(request), caller) as session:
        sees_all = await operations.may_check(session, caller)
        agent = wanted.agent if sees_all else caller.subject
        rows = await queries.list_checks(
            session,
            queries.Filter(place, wanted.state, agent),
            after=wanted.after_id(),
            limit=wanted.limit + 1,
        )
    return page_of([schemas.CheckOut.of(row) for row in rows], wanted.limit)


@router.post("/quality-checks/{check_id}/score", response_model=schemas.CheckOut)
async def score(
    check_id: UUID, body: schemas.ScoreIn, request: Request, caller: Caller
) -> Response:
    """评分；话务员申诉后由另一人复评 (A18)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        check = await operations.score(
            session, runtime, check_id, caller=caller, form_code=body.form, marks=body.marks
        )
        return Answer(schemas.CheckOut.of(check))

    return await run_act(runtime, request, caller, operation)


@router.post("/quality-checks/{check_id}/object", response_model=schemas.CheckOut)
async def object_to(
    check_id: UUID, body: schemas.Objection, request: Request, caller: Caller
) -> Response:
    """申诉：话务员对评分有异议 (A18)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        check = await operations.object_to(
            session, runtime, check_id, caller=caller, text=body.text
        )
        return Answer(schemas.CheckOut.of(check))

    return await run_act(runtime, request, caller, operation)


@router.get("/quality-checks/grades", response_model=schemas.Grades)
async def show_grades(
    request: Request, caller: Caller, wanted: Annotated[schemas.GradeQuery, Query()]
) -> schemas.Grades:
    """话务员成绩和培训名单 (A18, ZY 23)."""
    place = wanted.jurisdiction or caller.jurisdiction
    _require_place(caller, place)
    runtime = runtime_of(request)
    async with reading(runtime, caller) as session:
        # A grade names no ticket: it is made of all checks, also of those of sensitive ones.
        await write_again(session, runtime)
        connection = await connection_of(session)
        law = await runtime.law_book.read(connection, is_held=False)
        rows = await queries.find_scores(connection, place, begin=wanted.begin, end=wanted.end)
    below = law.in_force(place, wanted.begin).quality.training_below
    return schemas.Grades(
        training_below=below.value,
        source=below.source,
        items=[
            schemas.GradeOut(
                agent=row["agent"],
                **grade(row["scores"], training_below=below.value)._asdict(),
            )
            for row in rows
        ],
    )


def _require_place(caller: Principal, place: str) -> None:
    if not covers(caller.jurisdiction, place):
        raise NotFound
