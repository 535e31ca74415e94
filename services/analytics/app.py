"""Analytics over HTTP."""

from fastapi import FastAPI

from services.analytics.access import ACCESS
from services.analytics.api import router
from services.analytics.mirror.api import router as mirror_router
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.service import create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(router, mirror_router, make_audit_router(Service.ANALYTICS))


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of analytics on an open runtime."""
    return create_app(runtime, ROUTES, health=health, access=ACCESS)
