"""Keys of Open311's clients, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.open311 import operations, queries
from shared import audit
from shared.answers import BeijingTime, Input, problems_of
from shared.database import connection_of
from shared.idempotency import Answer, run_act
from shared.jurisdictions import CODE_PATTERN
from shared.problems import OF_WRITES, NotFound
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES)
router = APIRouter(prefix="/v1/open311-keys", tags=["open311"], responses=PROBLEMS)
Name = Annotated[str, Path(pattern=r"^[0-9a-z-]{2,40}$", description="客户端名称")]


class KeyIn(Input):
    """为一个客户端发放 api_key."""

    jurisdiction: Annotated[
        str, Field(pattern=CODE_PATTERN, description="登记诉求的地区", examples=["512000"])
    ]


class NewKey(BaseModel):
    """新发放的 api_key，只显示这一次."""

    name: str
    jurisdiction: str
    api_key: str


class KeyOut(BaseModel):
    """一个客户端的 api_key：不显示其内容."""

    name: str
    jurisdiction: str
    created_at: BeijingTime
    revoked_at: BeijingTime | None


class Revoked(BaseModel):
    """已收回的客户端."""

    name: str


class Revoke(Input):
    """收回 api_key."""


@router.post("/{name}", status_code=201, response_model=NewKey)
async def add_key(name: Name, body: KeyIn, request: Request, caller: Caller) -> NewKey:
    """发放 api_key；该客户端原有的随即失效，只显示这一次 (F7). The answer is never kept."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session, session.begin():
        at = await runtime.clock.now(session)
        key = await operations.add_key(await connection_of(session), name, body.jurisdiction)
        await audit.note(session, audit.Entry("open311_key.added", name, caller.subject), at=at)
    return NewKey(name=name, jurisdiction=body.jurisdiction, api_key=key)


@router.get("", response_model=list[KeyOut])
async def list_keys(request: Request, _: Caller) -> list[KeyOut]:
    """全部客户端 (F7)."""
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await queries.list_keys(connection)
    return [KeyOut(**dict(row)) for row in rows]


@router.post("/{name}/revoke", response_model=Revoked)
async def revoke_key(name: Name, _: Revoke, request: Request, caller: Caller) -> Response:
    """收回 api_key (F7)."""

    async def operation(session: AsyncSession) -> Answer:
        if not await operations.revoke_key(await connection_of(session), name):
            raise NotFound
        at = await runtime_of(request).clock.now(session)
        await audit.note(session, audit.Entry("open311_key.revoked", name, caller.subject), at=at)
        return Answer(Revoked(name=name))

    return await run_act(runtime_of(request), request, caller, operation)
