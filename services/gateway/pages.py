"""Pages of the gateway: where to begin, and the API page, which works without the internet."""

import importlib.resources
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from services.gateway.calls import OURS, Calls, Unanswered
from services.gateway.examples import add_examples
from shared.events.words import Service
from shared.problems import Unavailable

DOCS = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>12345 接口</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", validatorUrl: null})</script>
</body></html>"""
# Without `validatorUrl` the page would show the address of this platform to swagger.io.
START = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>12345 政务服务便民热线</title></head>
<body><h1>12345 政务服务便民热线平台</h1><ul>
<li><a href="/auth/login">登录</a></li>
<li><a href="/auth/logout">退出登录</a></li>
<li><a href="/docs">接口说明</a></li>
<li><a href="/readyz">运行状态</a></li>
<li><a href="/metrics">运行指标</a></li></ul></body></html>"""

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def start() -> str:
    """Where to begin."""
    return START


@router.get("/docs", response_class=HTMLResponse)
async def docs() -> str:
    """The API page."""
    return DOCS


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """All services' operations in one document."""
    state = request.app.state
    if not hasattr(state, "openapi"):
        calls: Calls = state.calls
        theirs = [await _document(calls, service) for service in calls.services]
        state.openapi = merge([*theirs, deepcopy(request.app.openapi())])
    return JSONResponse(state.openapi)


def assets() -> StaticFiles:
    """The scripts of the API page, from the wheel that carries them."""
    folder = importlib.resources.files("fastapi_swagger") / "resources"
    return StaticFiles(directory=str(folder))


async def _document(calls: Calls, service: Service) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await calls.get(service, "/openapi.json", OURS)
    except Unanswered as error:
        raise Unavailable(f"{service} 服务没有应答，接口说明暂不完整，请稍后重试。") from error
    return found


def merge(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One OpenAPI document; a schema's name means the same in all of them."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for document in documents:
        schemas |= document.get("components", {}).get("schemas", {})
        for path, operations in document["paths"].items():
            paths.setdefault(path, {}).update(operations)
    add_examples(paths, schemas)
    bearer = {"type": "http", "scheme": "bearer", "description": "hotline token --role …"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "12345 政务服务便民热线平台", "version": "1"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "securitySchemes": {"bearer": bearer}},
        "security": [{"bearer": []}],
    }
