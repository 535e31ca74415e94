"""GeoReport v2 over HTTP, in XML and JSON."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Path, Request, Response

from services.gateway.calls import Unanswered
from services.gateway.open311 import operations, queries
from services.gateway.open311.desk import Desk
from services.gateway.open311.openapi import (
    ADDED,
    ADDITION,
    ASKED,
    DISCOVERY,
    ERRORS,
    FILED,
    FILING,
    KEYED,
    REQUESTS,
    SERVICE,
    SERVICES,
    SPAN,
    TOKEN,
    UPDATES,
)
from services.gateway.open311.rules import (
    CONTENT_TYPES,
    DESCRIPTION_MAX,
    Asked,
    Refused,
    asked_of,
    filing_of,
    form_of,
    media_of,
    place_of,
    sayable,
    write,
)
from services.gateway.open311.shown import (
    definition,
    discovery,
    show_filed,
    show_request,
    show_token,
    show_update,
)
from shared.jurisdictions import covers
from shared.problems import Unavailable
from shared.service import runtime_of
from shared.telemetry import log

ROOT = "/open311/v2"
router = APIRouter(tags=["open311"], responses=ERRORS)
Form = Annotated[str, Path(json_schema_extra={"enum": ["json", "xml"]}, description="格式")]
Content = tuple[str, Mapping[str, Any] | Sequence[Any]]
"""The root element of an answer in XML, and what it holds."""
Shows = Callable[..., Awaitable[Content]]


def answered(show: Shows) -> Callable[..., Awaitable[Response]]:
    """A route's answer in the form that its path asks for; what is refused, too."""

    @wraps(show)
    async def answer(form: str, **given: Any) -> Response:  # noqa: ANN401  the route's own
        try:
            root, content = await show(form=form_of(form), **given)
        except Refused as refused:
            return _refusal(form, refused)
        except Unanswered as error:
            log.warning("open311_unanswered", error=str(error))
            return _refusal(form, Refused(503, Unavailable.detail))
        return _response(form, 200, root, content)

    return answer


@router.get("/discovery.{form}", response_model=None, responses=DISCOVERY)
@router.get(
    ROOT + "/discovery.{form}", response_model=None, responses=DISCOVERY, name="open311_discovery"
)
@answered
async def show_discovery(form: Form, request: Request) -> Content:
    """服务发现：地址和格式 (F7)."""
    return "discovery", discovery(str(request.base_url).rstrip("/") + ROOT)


@router.get(ROOT + "/services.{form}", response_model=None, responses=SERVICES)
@answered
async def list_services(form: Form, request: Request) -> Content:
    """可登记诉求的类别 (F7)."""
    return "services", await _desk(request).services(_place(request))


@router.get(ROOT + "/services/{service_code}.{form}", response_model=None, responses=SERVICE)
@answered
async def show_service(form: Form, service_code: str, request: Request) -> Content:
    """一个类别的填写项 (F7)."""
    await _require_service(request, service_code)
    return "service_definition", definition(service_code)


@router.post(ROOT + "/requests.{form}", response_model=None, responses=FILED, openapi_extra=FILING)
@answered
async def file_request(form: Form, request: Request) -> Content:
    """登记一件诉求，须有 api_key (F7)."""
    given = await _fields(request)
    client = await _client(request, given)
    code = given.get("service_code", "")
    await _require_service(request, code)
    jurisdiction = given.get("jurisdiction_id") or client["jurisdiction"]
    if not covers(client["jurisdiction"], jurisdiction):
        raise Refused(404, f"没有 {jurisdiction}，或不在此 api_key 的范围内。")
    place, desk = place_of(given), _desk(request)
    body = filing_of(given, place, jurisdiction)
    filed = await desk.file(client, body, request.headers.get("idempotency-key"))
    ticket_id = UUID(filed["id"])
    accepted = filed["accepted_at"]
    new = operations.New(
        ticket_id,
        client["name"],
        filed["number"],
        code,
        given["description"].strip(),
        place.address,
        place.address_id,
        place.latitude,
        place.longitude,
        media_of(given),
        datetime.now(UTC) if accepted is None else datetime.fromisoformat(accepted),
    )
    async with runtime_of(request).database.pool.acquire() as connection:
        await operations.add(connection, new, [])
    news = await desk.news_so_far(client, ticket_id)
    if news:
        async with runtime_of(request).database.pool.acquire() as connection:
            await operations.add(connection, new, news)
    return "service_requests", [show_filed(filed["number"], filed["query_code"])]


@router.get(
    ROOT + "/tokens/{token_id}.{form}", response_model=None, responses=TOKEN, openapi_extra=KEYED
)
@answered
async def show_token_of(form: Form, token_id: str, request: Request) -> Content:
    """由令牌查诉求编号 (F7)."""
    client = await _client(request, request.query_params)
    async with runtime_of(request).database.pool.acquire() as connection:
        row = await connection.fetchrow(queries.BY_ID, client["name"], _uuid(token_id))
    if row is None:
        raise Refused(404, "没有这个令牌，或不是此 api_key 登记的。")
    return "service_requests", [show_token(row)]


@router.get(ROOT + "/requests.{form}", response_model=None, responses=REQUESTS, openapi_extra=ASKED)
@answered
async def list_requests(form: Form, request: Request) -> Content:
    """本 api_key 登记的诉求，最新的在前，跨度最多 90 天 (F7)."""
    given = sayable(dict(request.query_params))
    client, asked = await _client(request, given), asked_of(given, now=datetime.now(UTC))
    return "service_requests", await _show(request, client, asked=asked)


@router.get(
    ROOT + "/requests/{service_request_id}.{form}",
    response_model=None,
    responses=REQUESTS,
    openapi_extra=KEYED,
)
@answered
async def show_one(form: Form, service_request_id: str, request: Request) -> Content:
    """一件诉求 (F7)."""
    client = await _client(request, request.query_params)
    asked = asked_of({"service_request_id": service_request_id}, now=datetime.now(UTC))
    shown = await _show(request, client, asked=asked)
    if not shown:
        raise Refused(404, "没有这件诉求，或不是此 api_key 登记的。")
    return "service_requests", shown


@router.get(
    ROOT + "/servicerequestupdates.{form}",
    response_model=None,
    responses=UPDATES,
    openapi_extra=SPAN,
)
@answered
async def list_updates(form: Form, request: Request) -> Content:
    """诉求的进展，最早的在前，跨度最多 90 天 (F7)."""
    given = sayable(dict(request.query_params))
    client, asked = await _client(request, given), asked_of(given, now=datetime.now(UTC))
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await queries.list_updates(
            connection, client["name"], asked.begin, asked.end, page=(asked.page_size, asked.page)
        )
    return "service_request_updates", [show_update(row) for row in rows]


@router.post(
    ROOT + "/servicerequestupdates.{form}",
    response_model=None,
    responses=ADDED,
    openapi_extra=ADDITION,
)
@answered
async def add_update(form: Form, request: Request) -> Content:
    """补充一件诉求 (F7, ZY 5)."""
    given = await _fields(request)
    client = await _client(request, given)
    words = given.get("description", "").strip()
    if not 0 < len(words) <= DESCRIPTION_MAX:
        raise Refused(400, f"description 应为 1 至 {DESCRIPTION_MAX} 个字。")
    number = [given.get("service_request_id", "")]
    async with runtime_of(request).database.pool.acquire() as connection:
        rows = await connection.fetch(queries.BY_NUMBER, client["name"], number, 1, 0)
    if not rows:
        raise Refused(404, "没有这件诉求，或不是此 api_key 登记的。")
    key = request.headers.get("idempotency-key")
    sequence = await _desk(request).amend(client, rows[0]["id"], words, key)
    made = f"{rows[0]['number']}-{sequence}"
    return "service_request_updates", [{"update_id": given.get("update_id") or made}]


def _refusal(form: str, refused: Refused) -> Response:
    error = {"code": str(refused.status), "description": refused.description}
    known = form if form in CONTENT_TYPES else "xml"
    response = _response(known, refused.status, "errors", [error])
    response.headers.update(refused.headers)
    return response


def _response(
    form: str, status: int, root: str, content: Mapping[str, Any] | Sequence[Any]
) -> Response:
    headers = {"Content-Type": CONTENT_TYPES[form]}
    return Response(write(form, root, content), status_code=status, headers=headers)


async def _show(request: Request, client: Record, *, asked: Asked) -> list[dict[str, Any]]:
    desk = _desk(request)
    pool = runtime_of(request).database.pool
    names = {
        one["service_code"]: one["service_name"]
        for one in await desk.services(client["jurisdiction"])
    }
    async with pool.acquire() as connection:
        rows = await queries.list_requests(connection, client["name"], asked)
    stale = [row for row in rows if row["is_stale"]]
    found = await desk.look_up(client, stale) if stale else []
    if found:
        async with pool.acquire() as connection:
            await operations.keep_found(connection, found)
    known = {one.id: one for one in found}
    return [show_request(row, names, known.get(row["id"])) for row in rows]


async def _client(request: Request, given: Mapping[str, str]) -> Record:
    key = given.get("api_key", "")
    async with runtime_of(request).database.pool.acquire() as connection:
        client = await queries.find_key(connection, operations.hash_key(key))
    if client is None:
        raise Refused(403, "缺少 api_key，或 api_key 无效；请向热线管理机构申请。")
    _desk(request).count(client)
    return client


async def _fields(request: Request) -> dict[str, str]:
    async with request.form() as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
    return sayable(dict(request.query_params) | given)


async def _require_service(request: Request, code: str) -> None:
    known = await _desk(request).services(_place(request))
    if code not in {one["service_code"] for one in known}:
        raise Refused(
            404, f"没有类别 {code}，可用的见 services。" if code else "缺少 service_code。"
        )


def _place(request: Request) -> str:
    return runtime_of(request).settings.platform


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.open311
    return desk


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
