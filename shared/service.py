"""The factory that makes each service's HTTP side: the same edge, health and metrics for all."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.access import Table
from shared.access_shown import show_access
from shared.answers import show_bodies
from shared.bodies import Flowing, again, answer_watched, read_body
from shared.database import is_unsayable
from shared.overload import BodyTooSlow
from shared.problems import LengthRequired, Problem, TooLarge, field_error
from shared.runtime import Runtime
from shared.security import TokenReader
from shared.telemetry import REQUEST_SECONDS, enter_trace
from shared.worker import Health

BULK_SUFFIXES = ("/bulk", "/v1/exchange/messages")
UPLOAD_SUFFIX, MESSAGES = "/attachments", "/v1/inbound/"
UNMEASURED = ("/healthz", "/readyz", "/metrics")
CLIENT_LEFT = 499
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def create_app(
    runtime: Runtime,
    routes: Iterable[BaseRoute],
    *,
    access: Table | None = None,
    health: Health | None = None,
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """The app of one service. What it needs is open already and closed by whoever opened it.

    Nobody may call what has no row in `access`.
    """
    app = ServiceApp(
        title=f"12345 {runtime.service}",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi_url,
        generate_unique_id_function=_operation_id,
        # Ours are in `shared.telemetry`; asking for FastAPI's costs on every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.runtime = runtime
    app.state.access = access or {}
    app.state.tokens = TokenReader(runtime.settings.token_secret)
    problems.install(app)
    for failure in (asyncpg.PostgresError, DBAPIError):
        app.add_exception_handler(failure, _on_database)
    app.router.routes.extend(routes)
    app.include_router(_health_router(runtime, health or Health()))
    app.add_middleware(
        Edge,
        body_bytes_max=runtime.settings.body_bytes_max,
        bulk_bytes_max=runtime.settings.bulk_bytes_max,
        attachment_bytes_max=runtime.settings.attachment_bytes_max,
    )
    app.add_middleware(Measured, service=runtime.service)
    return app


def routes_of(*routers: APIRouter) -> Sequence[BaseRoute]:
    """The routes of routers, for all apps of a process: each is prepared once, when sought."""
    whole = APIRouter(generate_unique_id_function=_operation_id)
    for router in routers:
        whole.include_router(router)
    return whole.routes


def _operation_id(route: APIRoute) -> str:
    """What clients made from the document call it, such as `tickets_sign`.

    Unique over all services: they stand in one document.
    """
    return "_".join([*(str(tag).replace("-", "_") for tag in route.tags[:1]), route.name])


async def _on_database(_: Request, error: Exception) -> Response:
    if is_unsayable(error):
        told = "含有无法保存的字符（如空字符），请删除后重新提交"
        return field_error("body", "unsayable", told).response()
    raise error


class ServiceApp(FastAPI):
    """FastAPI whose document says who may call each operation."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            show_bodies(document)
            show_access(document, self.state.access)
        return super().openapi()


def runtime_of(request: Request) -> Runtime:
    """The runtime behind a request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def is_upload(path: str) -> bool:
    """Whether a path takes files: attachments, and messages that come with theirs."""
    return path.endswith(UPLOAD_SUFFIX) or path.startswith(MESSAGES)


class Measured:
    """Counts and times every request by its route, whatever becomes of it."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it ended."""
        if scope["type"] != "http" or scope["path"] in UNMEASURED:
            await self._app(scope, receive, send)
            return
        status = CLIENT_LEFT

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            status = 500
            raise
        finally:
            # A route's own path is whole only because each router carries its whole prefix.
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            REQUEST_SECONDS.labels(self._service, method, route, status).observe(
                time.perf_counter() - started
            )


class Edge:
    """Every request's first and last station: a trace, and limits on the body.

    With `body_seconds_max` the whole of an ordinary body is read here, within that time, and each
    piece of a file: nobody behind waits for a slow sender.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes_max: int,
        bulk_bytes_max: int,
        attachment_bytes_max: int,
        body_seconds_max: float | None = None,
    ) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._bulk_bytes_max = bulk_bytes_max
        self._attachment_bytes_max = attachment_bytes_max
        self._body_seconds_max = body_seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        enter_trace(headers.get(b"traceparent", b"").decode("latin-1"))
        with suppress(ClientDisconnect):  # nobody is left to be answered
            try:
                receive = await self._take_body(scope, headers, receive)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
            if isinstance(receive, Flowing):
                await answer_watched(self._app, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _take_body(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> Receive:
        limit = self.limit(scope["path"])
        length = headers.get(b"content-length", b"")
        has_length = length.isdigit() and b"transfer-encoding" not in headers
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        if is_upload(scope["path"]) and scope["method"] in WITH_BODY:
            if not has_length:
                # What is streamed is never held here, so its size must be known before.
                raise LengthRequired
            seconds = self._body_seconds_max
            return receive if seconds is None else Flowing(receive, seconds_max=seconds)
        if has_length and self._body_seconds_max is None:
            return receive
        try:
            async with asyncio.timeout(self._body_seconds_max):
                messages = await read_body(receive, limit)
        except TimeoutError as error:
            raise BodyTooSlow from error
        if messages is None:
            raise _too_large(limit)
        return again(messages, receive)

    def limit(self, path: str) -> int:
        """The most bytes of a body that this path takes."""
        if is_upload(path):
            return self._attachment_bytes_max
        return self._bulk_bytes_max if path.endswith(BULK_SUFFIXES) else self._body_bytes_max


def _too_large(limit: int) -> Problem:
    return TooLarge(f"提交的内容过大，最多 {limit} 字节。")


def _health_router(runtime: Runtime, health: Health) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/readyz")
    async def readyz() -> Response:
        failures: dict[str, Any] = dict(health.failures)
        try:
            await runtime.database.pool.fetchval("SELECT 1", timeout=2)
        except Exception as error:
            failures["database"] = repr(error)
        return Response(
            orjson.dumps({"status": "failing" if failures else "ready", "failures": failures}),
            status_code=503 if failures else 200,
            media_type="application/json",
        )

    return router
