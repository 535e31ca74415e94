"""Channels over HTTP: signed messages, the web form, and the sources' directory."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from services.intake.attachments.api import limits_of
from services.intake.channels import operations, queries, rules, schemas, social
from services.intake.channels.delivery import Doors, deliver
from services.intake.channels.mail import NotFiled, read_mail
from services.intake.directory import Directory
from services.intake.filing.requests import Filed
from services.intake.identity import Vault
from shared import problems
from shared.answers import json_body, problems_of
from shared.audit import Entry, note
from shared.events.words import Channel
from shared.problems import BadSignature, Malformed, field_errors
from shared.security import Caller
from shared.service import runtime_of
from shared.telemetry import log

TIMESTAMP, SIGNATURE = "X-Timestamp", "X-Signature"
FORM = TypeAdapter(schemas.MessageIn)
SOCIAL = (Channel.WECHAT, Channel.WEIBO)
CODE_PATTERN = r"^[A-Za-z0-9_-]{1,40}$"
SourceCode = Annotated[str, Path(pattern=CODE_PATTERN)]
PROBLEMS = problems_of(
    problems.Malformed,
    problems.BadSignature,
    problems.NotFound,
    problems.LengthRequired,
    problems.TooLarge,
    problems.Unavailable,
)
ADMINISTRATION = problems_of(problems.Malformed, problems.Unauthenticated, problems.NotAllowed)
router = APIRouter(prefix="/v1", tags=["channels"])


@router.put("/inbound-sources/{code}", response_model=schemas.SourceOut, responses=ADMINISTRATION)
async def put_source(
    code: SourceCode, body: schemas.SourceIn, request: Request, caller: Caller
) -> schemas.SourceOut:
    """登记一个外部来源；密钥加密保存，不再显示 (A1)."""
    wanted = body.described(code)
    directory: Directory = request.app.state.directory
    await directory.require(body.jurisdiction, None)
    await request.app.state.vault.ready()
    async with runtime_of(request).database.sessions() as session, session.begin():
        row = await operations.put_source(session, request.app.state.vault, wanted)
        detail = {"is_active": row.is_active, "has_new_secret": body.secret is not None}
        entry = Entry("inbound_source.changed", code, caller.subject, detail=detail)
        await note(session, entry, at=None)
        return schemas.SourceOut.of(row)


@router.get("/inbound-sources", response_model=list[schemas.SourceOut], responses=ADMINISTRATION)
async def list_sources(request: Request, caller: Caller) -> list[schemas.SourceOut]:
    """外部来源."""
    async with runtime_of(request).database.sessions() as session:
        return [schemas.SourceOut.of(row) for row in await queries.list_sources(session)]


@router.get("/inbound/{channel}/{source}", response_class=Response, responses=PROBLEMS)
async def verify_address(
    channel: Channel,
    source: SourceCode,
    request: Request,
    echostr: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """微信、微博验证接收地址：签名正确则原样返回 echostr."""
    await _opened_by_platform(request, channel, source)
    return Response(echostr, media_type="text/plain")


@router.post(
    "/inbound/{channel}/{source}",
    status_code=201,
    response_model=schemas.MessageOut,
    responses=PROBLEMS,
    openapi_extra=json_body(schemas.MessageIn),
)
async def take_message(channel: Channel, source: SourceCode, request: Request) -> Response:
    """接收一条签名的消息并登记：邮件为原文，微信、微博为其推送格式，其余为 JSON (A1)."""
    if channel in SOCIAL and SIGNATURE not in request.headers:
        return await _take_push(request, channel, source)
    found = await _find(request, channel, source)
    timestamp = request.headers.get(TIMESTAMP, "")
    given = request.headers.get(SIGNATURE, "")
    _require_timely(request, timestamp)
    body = await request.body()
    secret = operations.no_secret() if found is None else found.secret
    if not rules.is_equal(given, rules.sign(secret, timestamp, body)) or found is None:
        raise BadSignature
    pool = runtime_of(request).database.pool
    async with operations.used(pool, found, given.lower(), body, may_repeat=False):
        message = read_mail(body) if channel is Channel.EMAIL else _read_json(channel, body)
        if isinstance(message, NotFiled):
            log.info("message_not_filed", source=source, reason=message.reason)
            return _not_filed(message.reason)
        return _answer(await deliver(doors_of(request), found, message))


async def _take_push(request: Request, channel: Channel, code: str) -> Response:
    source, signature = await _opened_by_platform(request, channel, code)
    body = await request.body()
    pool = runtime_of(request).database.pool
    async with operations.used(pool, source, signature, body, may_repeat=True):
        if channel is Channel.WEIBO:
            message = social.read_weibo(body)
            if message is not None:
                await deliver(doors_of(request), source, message)
            return Response("", media_type="text/plain")
        fields, message = social.read_wechat(body)
        if message is None and fields.get("MsgType") == "event":
            log.info("message_not_filed", source=code, reason="event")
            return Response("success", media_type="text/plain")
        words = social.NO_WORDS
        if message is not None:
            filed = await deliver(doors_of(request), source, message)
            words = social.FILED.format_map(orjson.loads(filed.body))
        return Response(social.wechat_answer(fields, words), media_type="application/xml")


async def _opened_by_platform(
    request: Request, channel: Channel, code: str
) -> tuple[operations.Source, str]:
    """The source whose token signed the query. Raises `BadSignature`."""
    query = request.query_params
    signature, timestamp = query.get("signature", ""), query.get("timestamp", "")
    source = await _find(request, channel, code) if channel in SOCIAL else None
    _require_timely(request, timestamp)
    token = operations.no_secret() if source is None else source.secret
    expected = rules.platform_signature(token, timestamp, query.get("nonce", ""))
    if not rules.is_equal(signature, expected) or source is None:
        raise BadSignature
    return source, signature.lower()


async def _find(request: Request, channel: Channel, code: str) -> operations.Source | None:
    vault: Vault = request.app.state.vault
    async with runtime_of(request).database.sessions() as session:
        return await operations.find_source(session, vault, code, channel)


def _require_timely(request: Request, timestamp: str) -> None:
    # Real time, whatever the clock of a simulation says.
    window = runtime_of(request).settings.inbound_window_seconds
    if not rules.is_timely(timestamp, datetime.now(UTC), window):
        raise BadSignature


def doors_of(request: Request) -> Doors:
    """What taking a message in needs, from an app."""
    state, runtime = request.app.state, runtime_of(request)
    return Doors(runtime, state.directory, state.filer, state.store, limits_of(runtime))


def _read_json(channel: Channel, body: bytes) -> rules.Message:
    try:
        return FORM.validate_json(body).message(channel, body)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


def _answer(filed: Filed) -> Response:
    ticket = orjson.loads(filed.body)
    body = schemas.MessageOut(
        filed=True, id=ticket["id"], number=ticket["number"], query_code=ticket["query_code"]
    )
    return Response(body.model_dump_json(), filed.status, media_type="application/json")


def _not_filed(reason: str) -> Response:
    body = schemas.MessageOut(filed=False, reason=reason)
    return Response(body.model_dump_json(), 202, media_type="application/json")
