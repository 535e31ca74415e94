"""The gateway over HTTP."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway.door import Door
from services.gateway.feeds.api import router as feeds_router
from services.gateway.pages import assets, router
from services.gateway.subscriptions.api import router as subscriptions_router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.security import TokenReader
from shared.service import Edge, create_app
from shared.worker import Health

ROUTERS = (router, feeds_router, subscriptions_router)


def make_own_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """What the gateway answers itself: pages, feeds, subscriptions."""
    return create_app(runtime, ROUTERS, health=health, openapi_url=None)


def make_app(
    runtime: Runtime, hops: Mapping[Service, ASGIApp], health: Health | None = None
) -> ASGIApp:
    """The gateway on an open runtime; `hops` lead to the five services."""
    inner = make_own_app(runtime, health)
    inner.state.hops = hops
    inner.mount("/docs/assets", assets())
    settings = runtime.settings
    return Edge(
        Door(inner, hops, TokenReader(settings.token_secret)),
        body_bytes_max=settings.body_bytes_max,
        bulk_bytes_max=settings.bulk_bytes_max,
        attachment_bytes_max=settings.attachment_bytes_max,
    )
