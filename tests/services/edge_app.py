"""A small service on the shared edge."""

import re
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared import seen
from shared.access import EVERYBODY, everywhere
from shared.problems import MEDIA_TYPE
from shared.runtime import Runtime
from shared.security import Caller
from shared.seen import wait_for_seen
from shared.service import runtime_of
from shared.telemetry import current_traceparent

ACCESS = {"GET /v1/forms/whoami": everywhere(*EVERYBODY)}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Colour(StrEnum):
    """Two of them."""

    RED = "red"
    GREEN = "green"


class Form(BaseModel):
    """A form with a field of each kind."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=2, max_length=5)]
    body: str = "正文"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    colour: Colour = Colour.RED
    at: AwareDatetime | None = None


def make_router(prefix: str = "/v1/forms") -> APIRouter:
    """Routes enough to try the edge."""
    router = APIRouter(prefix=prefix)

    @router.post("")
    async def post(form: Form) -> dict[str, str]:
        return {"title": form.title}

    @router.post("/raw")
    @router.post("/bulk", name="bulk")
    async def raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @router.get("/whoami")
    async def whoami(caller: Caller) -> dict[str, str]:
        return {"subject": caller.subject}

    @router.get("/{ticket}/seen")
    async def look(ticket: str, request: Request) -> dict[str, str]:
        await wait_for_seen(runtime_of(request), request.headers.get(seen.HEADER), ticket)
        return {"ticket": ticket}

    @router.get("/trace")
    async def trace() -> dict[str, str | None]:
        return {"traceparent": current_traceparent()}

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("张三 13800000000")

    return router


def read_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:12345:problem:{code}"
    assert problem["title"]
    assert CHINESE.search(problem["detail"]), "a detail is for people"
    return problem


async def chunks(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 700):
        yield b"x" * min(700, size - start)


async def call_asgi(
    app: FastAPI, path: str, headers: list[tuple[bytes, bytes]], messages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Speak ASGI to an app: what no client library would send."""
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> Any:
        return next(waiting, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": headers, "root_path": "", "scheme": "http"}
    await app(scope | {"http_version": "1.1", "asgi": {"version": "3.0"}}, receive, send)
    return sent


async def hear(frame: Runtime, subject: str, source: str, sequence: int) -> None:
    await frame.database.pool.execute(
        """INSERT INTO heard (subject, source, sequence) VALUES ($1, $2, $3)
        ON CONFLICT (subject, source) DO UPDATE SET sequence = excluded.sequence""",
        subject,
        source,
        sequence,
    )


async def read_counts(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    text = (await client.get("/metrics")).text
    labels = 'method="(.+)",route="(.+)",service="(.+)",status="(.+)"'
    found = re.findall(rf"^hotline_request_seconds_count{{{labels}}} (.+)$", text, re.MULTILINE)
    return {
        (service, method, route, status): float(count)
        for method, route, service, status, count in found
    }
