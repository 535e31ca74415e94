"""Knowledge over HTTP."""

from fastapi import FastAPI

from services.knowledge.access import ACCESS
from services.knowledge.api import router
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.service import create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(router, make_audit_router(Service.KNOWLEDGE))


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of knowledge on an open runtime."""
    return create_app(runtime, ROUTES, health=health, access=ACCESS)
