"""The HTTP side of sla."""

from fastapi import FastAPI

from services.sla.access import ACCESS
from services.sla.api import router
from services.sla.calendars.api import router as calendars
from services.sla.extensions.api import router as extensions
from services.sla.limits.api import router as limits
from services.sla.orders.api import router as orders
from services.sla.pauses.api import router as pauses
from services.sla.policies.api import router as policies
from services.sla.previews.api import router as previews
from services.sla.promises.api import router as promises
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.service import create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(
    router,
    make_audit_router(Service.SLA),
    pauses,
    previews,
    extensions,
    limits,
    promises,
    policies,
    calendars,
    orders,
)


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of sla."""
    return create_app(runtime, ROUTES, health=health, access=ACCESS)
