"""The gateway over HTTP."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway.access import ACCESS
from services.gateway.askers import Askers
from services.gateway.calls import Calls
from services.gateway.door import Door
from services.gateway.exchange.api import exchange
from services.gateway.exchange.api import router as federation_router
from services.gateway.exchange.attachments import router as exchange_files_router
from services.gateway.federation.api import router as crossing_router
from services.gateway.feeds.api import router as feeds_router
from services.gateway.issuer.api import router as issuer_router
from services.gateway.issuer.steps import router as issuer_steps_router
from services.gateway.limits import Limits
from services.gateway.login.api import router as sessions_router
from services.gateway.login.client import OidcClient
from services.gateway.login.pages import router as login_router
from services.gateway.open311.api import router as open311_router
from services.gateway.open311.desk import Desk
from services.gateway.open311.keys import router as open311_keys_router
from services.gateway.pages import assets, router
from services.gateway.peers.api import open_router as own_keys_router
from services.gateway.peers.api import router as peers_router
from services.gateway.people.api import router as people_router
from services.gateway.subscriptions.api import router as subscriptions_router
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.service import Edge, create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(
    router,
    feeds_router,
    subscriptions_router,
    people_router,
    sessions_router,
    login_router,
    issuer_router,
    issuer_steps_router,
    peers_router,
    own_keys_router,
    exchange,
    exchange_files_router,
    federation_router,
    crossing_router,
    open311_router,
    open311_keys_router,
    make_audit_router(Service.GATEWAY),
)


def make_own_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """What the gateway answers itself: pages, people and logins, feeds, peers."""
    app = create_app(runtime, ROUTES, health=health, access=ACCESS, openapi_url=None)
    app.state.oidc = OidcClient(runtime.settings, app)
    return app


def make_app(
    runtime: Runtime, hops: Mapping[Service, ASGIApp], health: Health | None = None
) -> ASGIApp:
    """The gateway on an open runtime; `hops` lead to the five services."""
    inner = make_own_app(runtime, health)
    inner.state.hops = hops
    inner.state.calls = calls = Calls(hops, runtime.settings)
    limits = Limits(runtime.settings)
    inner.state.open311 = Desk(calls, limits.rates)
    inner.mount("/docs/assets", assets())
    return behind_door(runtime, inner, hops, limits)


def behind_door(
    runtime: Runtime, inner: ASGIApp, hops: Mapping[Service, ASGIApp], limits: Limits
) -> ASGIApp:
    """The door in front of what the gateway answers itself and of the five services."""
    settings = runtime.settings
    door = Door(inner, hops, Askers(runtime), limits.rates)
    edge = Edge(
        limits.take_turn(door),
        body_bytes_max=settings.body_bytes_max,
        bulk_bytes_max=settings.bulk_bytes_max,
        attachment_bytes_max=settings.attachment_bytes_max,
        body_seconds_max=settings.body_seconds_max,
    )
    return limits.admit(edge)
