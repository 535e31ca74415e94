"""Peers and keys over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.calls import OUR_PLATFORM, Calls, Unanswered
from services.gateway.peers import operations
from services.gateway.peers.profile import VALID, Profile, signed_profile
from services.gateway.peers.queries import (
    NoOwnKey,
    list_own_keys,
    list_peer_keys,
    list_peers,
    read_signing_key,
)
from services.gateway.peers.rules import KEY_ID_PATTERN
from services.gateway.peers.schemas import (
    OwnKey,
    OwnKeys,
    Peer,
    PeerCode,
    PeerKey,
    PutPeer,
    RegisterKey,
    RevokeKey,
    RotateOwnKey,
)
from shared.answers import problems_of
from shared.events.words import Service
from shared.idempotency import Answer, run_act
from shared.pages import Page, PageQuery, page_of
from shared.problems import OF_WRITES, NotAllowed, Unauthenticated, Unavailable
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES, operations.KeyTaken)
Code = Annotated[PeerCode, Path(description="对方的平台代码")]
KeyId = Annotated[str, Path(pattern=KEY_ID_PATTERN, description="密钥编号")]
router = APIRouter(prefix="/v1/peers", tags=["peers"], responses=PROBLEMS)
open_router = APIRouter(prefix="/v1/exchange", tags=["peers"])


@router.put("/{code}", response_model=Peer)
async def put_peer(code: Code, body: PutPeer, request: Request, caller: Caller) -> Response:
    """登记或修改一个平台、分中心；由系统管理办理 (F5)."""

    async def operation(session: AsyncSession) -> Answer:
        made = await operations.put_peer(session, code, body.words(), by=caller.subject)
        keys = await list_peer_keys(session, [code])
        return Answer(Peer.of(made, keys, datetime.now(UTC)))

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("", response_model=Page[Peer])
async def show_peers(
    request: Request, _: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[Peer]:
    """已登记的平台、分中心及其公钥."""
    async with runtime_of(request).database.sessions() as session:
        rows = await list_peers(session, after=wanted.after_key(), limit=wanted.limit + 1)
        keys = await list_peer_keys(session, [row.code for row in rows])
    now = datetime.now(UTC)
    items = [Peer.of(row, [key for key in keys if key.peer == row.code], now) for row in rows]
    return page_of(items, wanted.limit, by="code")


@router.post("/own-keys/rotate", status_code=201, response_model=OwnKey)
async def rotate(body: RotateOwnKey, request: Request, caller: Caller) -> Response:
    """生成本平台新的签名密钥；到时启用，旧密钥再公布一段时间；由安全管理办理 (F9)."""
    runtime = runtime_of(request)
    signs_after, overlap = body.times()

    async def operation(session: AsyncSession) -> Answer:
        made = await operations.rotate_own_key(
            session,
            runtime.settings,
            algorithm=body.algorithm,
            signs_after=signs_after,
            overlap=overlap,
            by=caller.subject,
        )
        return Answer(OwnKey.of(made), status=201)

    return await run_act(runtime, request, caller, operation)


@router.post("/{code}/keys", status_code=201, response_model=PeerKey)
async def register_key(code: Code, body: RegisterKey, request: Request, caller: Caller) -> Response:
    """登记对方的公钥，可有多个同时有效，便于更换；由安全管理办理 (F9)."""

    async def operation(session: AsyncSession) -> Answer:
        made = await operations.register_key(session, code, body.words(), by=caller.subject)
        return Answer(PeerKey.of(made, datetime.now(UTC)), status=201)

    return await run_act(runtime_of(request), request, caller, operation)


@router.post("/{code}/keys/{key_id}/revoke", response_model=PeerKey)
async def revoke_key(
    code: Code, key_id: KeyId, _: RevokeKey, request: Request, caller: Caller
) -> Response:
    """吊销对方的公钥，立即生效；由安全管理办理 (F9)."""

    async def operation(session: AsyncSession) -> Answer:
        found = await operations.revoke_key(session, code, key_id, by=caller.subject)
        return Answer(PeerKey.of(found, datetime.now(UTC)))

    return await run_act(runtime_of(request), request, caller, operation)


@open_router.get("/keys", response_model=OwnKeys)
async def show_own_keys(request: Request) -> OwnKeys:
    """本平台的公钥，供其他平台登记；无需令牌."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        rows = await list_own_keys(session)
    return OwnKeys(platform=runtime.settings.platform, keys=[OwnKey.of(row) for row in rows])


@open_router.get(
    "",
    response_model=Profile,
    responses=problems_of(Unauthenticated, NotAllowed, Unavailable, NoOwnKey),
)
async def show_profile(request: Request, _: Caller) -> JSONResponse:
    """本平台的说明：办理哪些类的消息，用什么公钥为它加密诉求人；由本平台签名 (F2, ZY 22)."""
    runtime = runtime_of(request)
    calls: Calls = request.app.state.calls
    try:
        told = await calls.get(Service.INTAKE, "/v1/exchange-keys", OUR_PLATFORM)
    except Unanswered as error:
        raise Unavailable from error
    async with runtime.database.pool.acquire() as connection:
        key = await read_signing_key(connection, runtime.settings)
    until = datetime.now(UTC) + VALID
    platform = runtime.settings.platform
    return JSONResponse(signed_profile(platform, told["items"], key, valid_until=until))
