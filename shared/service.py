"""The factory that makes each service's HTTP side: the same edge, health and metrics for all."""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.problems import LengthRequired, TooLarge
from shared.runtime import Runtime
from shared.security import TokenReader
from shared.telemetry import REQUEST_SECONDS, enter_trace
from shared.worker import Health

BULK_SUFFIX = "/bulk"
UPLOAD_SUFFIX, MESSAGES = "/attachments", "/v1/inbound/"
UNMEASURED = ("/healthz", "/readyz", "/metrics")
CLIENT_LEFT = 499
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def create_app(
    runtime: Runtime,
    routers: Iterable[APIRouter],
    *,
    health: Health | None = None,
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """The app of one service. What it needs is open already and closed by whoever opened it."""
    app = FastAPI(
        title=f"12345 {runtime.service}",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi_url,
        # Ours are in `shared.telemetry`; asking for FastAPI's costs on every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.runtime = runtime
    app.state.tokens = TokenReader(runtime.settings.token_secret)
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_health_router(runtime, health or Health()))
    app.add_middleware(
        Edge,
        body_bytes_max=runtime.settings.body_bytes_max,
        bulk_bytes_max=runtime.settings.bulk_bytes_max,
        attachment_bytes_max=runtime.settings.attachment_bytes_max,
    )
    app.add_middleware(Measured, service=runtime.service)
    return app


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
    """Every request's first and last station: a trace, and a limit on the body."""

    def __init__(
        self, app: ASGIApp, *, body_bytes_max: int, bulk_bytes_max: int, attachment_bytes_max: int
    ) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._bulk_bytes_max = bulk_bytes_max
        self._attachment_bytes_max = attachment_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        enter_trace(headers.get(b"traceparent", b"").decode("latin-1"))
        limit = self._limit(scope["path"])
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        if not length.isdigit() or b"transfer-encoding" in headers:
            if is_upload(scope["path"]) and scope["method"] in WITH_BODY:
                # What is streamed is never held here, so its size must be known before.
                await LengthRequired().response()(scope, receive, send)
                return
            messages = await _read(receive, limit)
            if messages is None:
                await _too_large(limit)(scope, receive, send)
                return
            receive = _again(messages, receive)
        with suppress(ClientDisconnect):  # nobody is left to be answered
            await self._app(scope, receive, send)

    def _limit(self, path: str) -> int:
        if is_upload(path):
            return self._attachment_bytes_max
        return self._bulk_bytes_max if path.endswith(BULK_SUFFIX) else self._body_bytes_max


async def _read(receive: Receive, limit: int) -> list[Message] | None:
    """All that comes of a body without a length, none where it passes the limit."""
    messages, size, more = [], 0, True
    while more:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > limit:
            return None
        more = message["type"] == "http.request" and message.get("more_body", False)
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def receive_again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return receive_again


def _too_large(limit: int) -> Response:
    return TooLarge(f"提交的内容过大，最多 {limit} 字节。").response()


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
