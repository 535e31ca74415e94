"""Pages of the gateway: where to begin, and the API page, which works without the internet."""

import importlib.resources
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from services.gateway.examples import add_examples
from shared.events.words import Service
from shared.problems import Unavailable

DOCS = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>12345 接口</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#api"})</script></body></html>"""
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
        own = {Service.GATEWAY: request.app.openapi()}
        state.openapi = merge(await _documents(state.hops) | own)
    return JSONResponse(state.openapi)


def assets() -> StaticFiles:
    """The scripts of the API page, from the wheel that carries them."""
    folder = importlib.resources.files("fastapi_swagger") / "resources"
    return StaticFiles(directory=str(folder))


async def _documents(hops: Mapping[Service, ASGIApp]) -> dict[Service, dict[str, Any]]:
    documents = {}
    for service, hop in hops.items():
        transport = httpx.ASGITransport(app=hop)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answer = await client.get("/openapi.json")
            if not answer.is_success:
                raise Unavailable(f"{service} 服务没有应答，接口说明暂不完整，请稍后重试。")
            documents[service] = answer.json()
    return documents


def merge(documents: Mapping[Service, dict[str, Any]]) -> dict[str, Any]:
    """One OpenAPI document; a schema's name that two services use differently gets a prefix."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for service, document in documents.items():
        own = document.get("components", {}).get("schemas", {})
        renamed = {
            name: f"{service.capitalize()}{name}"
            for name, schema in own.items()
            if name in schemas and schemas[name] != schema
        }
        for name, schema in own.items():
            schemas[renamed.get(name, name)] = _refer(schema, renamed)
        for path, operations in document["paths"].items():
            paths.setdefault(path, {}).update(_refer(operations, renamed))
    add_examples(paths, schemas)
    bearer = {"type": "http", "scheme": "bearer", "description": "hotline token --role …"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "12345 政务服务便民热线平台", "version": "1"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "securitySchemes": {"bearer": bearer}},
        "security": [{"bearer": []}],
    }


def _refer(part: Any, renamed: Mapping[str, str]) -> Any:  # noqa: ANN401  any JSON
    if isinstance(part, list):
        return [_refer(item, renamed) for item in part]
    if not isinstance(part, dict):
        return part
    found = {key: _refer(value, renamed) for key, value in part.items()}
    prefix, _, name = str(found.get("$ref", "")).rpartition("/")
    if name in renamed:
        found["$ref"] = f"{prefix}/{renamed[name]}"
    return found
