"""The taxonomy over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from services.intake import queries
from services.intake.directory import Directory
from services.intake.taxonomy import operations, schemas
from shared import problems
from shared.answers import problems_of
from shared.audit import Entry, note
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(
    problems.Malformed, problems.Unauthenticated, problems.NotAllowed, problems.NotFound
)
CODE_LENGTH_MAX = 40
router = APIRouter(prefix="/v1/categories", tags=["directory"], responses=PROBLEMS)


@router.put("/{code}", response_model=schemas.CategoryOut, response_model_exclude={"children"})
async def put_category(
    code: Annotated[str, Path(max_length=CODE_LENGTH_MAX)],
    body: schemas.CategoryIn,
    request: Request,
    caller: Caller,
) -> schemas.CategoryOut:
    """统一类别：登记、改名、停用；最多三级，一级类别可注明领域 (A2, GS 二(三)2)."""
    async with runtime_of(request).database.sessions() as session, session.begin():
        await operations.put_category(session, body.subject(code))
        await note(session, Entry("category.changed", code, caller.subject), at=None)
        rows = await queries.list_categories(session)
    directory: Directory = request.app.state.directory
    directory.forget()
    return next(item for item in schemas.list_of(rows) if item.code == code)


@router.get("", response_model=list[schemas.CategoryOut])
async def list_categories(
    request: Request,
    _: Caller,
    tree: Annotated[bool, Query(description="按级次嵌套")] = False,
) -> Response:
    """统一类别表，连同停用的；`tree=true` 时按三级嵌套."""
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_categories(session)
    items = schemas.tree_of(rows) if tree else schemas.list_of(rows)
    shown = [item.model_dump(mode="json", exclude=None if tree else {"children"}) for item in items]
    return JSONResponse(shown)
