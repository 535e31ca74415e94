"""The scope of acceptance and the merge registry over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from services.intake.queries import list_jurisdictions
from services.intake.registry import schemas
from services.intake.schemas import Code
from shared import problems
from shared.answers import problems_of
from shared.policy.hotlines import OWN_NUMBER, RouteKind, menu, route
from shared.policy.model import Pack
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(problems.Malformed, problems.Unauthenticated, problems.NotFound)
DIALLED = r"^[0-9 ()+—–－-]{2,30}$"
router = APIRouter(prefix="/v1", tags=["registry"], responses=PROBLEMS)


@router.get("/scope", response_model=schemas.Scope)
async def show_scope(
    request: Request, _: Caller, jurisdiction: Annotated[Code, Query(description="行政区划代码")]
) -> schemas.Scope:
    """不予受理的情形、对诉求人的解释和应去的渠道 (A3). The codes are for `refusal`."""
    pack, _at = await _in_force(request, jurisdiction)
    accepts = [
        schemas.Accepted(code=one.code, text=one.text, source=one.source) for one in pack.accepts
    ]
    grounds = [schemas.Ground.of(ground) for ground in pack.scope]
    return schemas.Scope.of(jurisdiction, pack, accepts=accepts, items=grounds)


@router.get("/hotlines", response_model=schemas.Hotlines)
async def list_hotlines(
    request: Request, _: Caller, wanted: Annotated[schemas.HotlineQuery, Query()]
) -> schemas.Hotlines:
    """归并热线清单 (A16)."""
    pack, _at = await _in_force(request, wanted.jurisdiction)
    lines = [schemas.HotlineItem.of(one) for one in pack.hotlines if wanted.wants(one)]
    annex = schemas.AnnexOut.of(pack.annex)
    return schemas.Hotlines.of(wanted.jurisdiction, pack, annex=annex, items=lines)


@router.get("/hotlines/{number}/route", response_model=schemas.RouteOut)
async def show_route(
    number: Annotated[str, Path(pattern=DIALLED, description="所拨号码")],
    request: Request,
    _: Caller,
    jurisdiction: Annotated[Code, Query(description="行政区划代码")],
) -> schemas.RouteOut:
    """拨打一个号码的去向：本地接听、转接保留座席、转接分中心；共用号码的语音导航 (A16, B12)."""
    pack, at = await _in_force(request, jurisdiction)
    found = route(pack, number, at)
    if found.kind is RouteKind.UNKNOWN:
        raise problems.NotFound(f"{found.words}（{found.source}）。")
    choices = menu(pack, jurisdiction) if found.number == OWN_NUMBER else []
    names = await _names(request) if choices else {}
    return schemas.RouteOut.of(found, choices, names)


async def _names(request: Request) -> dict[str, str]:
    """The names of the places that this platform takes requests of."""
    async with runtime_of(request).database.sessions() as session:
        return {one.code: one.name for one in await list_jurisdictions(session)}


async def _in_force(request: Request, jurisdiction: str) -> tuple[Pack, datetime]:
    """The pack of a place, and the moment at which it is in force."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        law = await runtime.law_book.read_in(session)
        at = await runtime.clock.now(session)
    return law.in_force(jurisdiction, at), at
