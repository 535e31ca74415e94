"""Dispatch over HTTP."""

from fastapi import FastAPI

from services.dispatch.access import ACCESS
from services.dispatch.api import router
from services.dispatch.cases.api import router as cases_router
from services.dispatch.co_handling.api import router as co_router
from services.dispatch.conclusions.api import router as conclusions_router
from services.dispatch.contacts.api import router as contacts_router
from services.dispatch.crossings.api import router as crossings_router
from services.dispatch.directory.api import router as directory_router
from services.dispatch.explanations.api import router as explanations_router
from services.dispatch.handling.api import router as replies_router
from services.dispatch.levels.api import router as levels_router
from services.dispatch.links.api import router as links_router
from services.dispatch.machine.api import router as machine_router
from services.dispatch.precedents.api import router as precedents_router
from services.dispatch.repeats.api import offer_router, ticket_repeats_router
from services.dispatch.repeats.api import router as repeats_router
from services.dispatch.repeats.rows import FrequencyBook
from services.dispatch.returns.api import router as returns_router
from services.dispatch.suggestions.api import router as suggestions_router
from services.dispatch.suggestions.api import ticket_router as suggestion_router
from services.dispatch.suggestions.queries import ModelBook
from services.dispatch.terminations.api import router as terminations_router
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.notice_pages import make_router
from shared.runtime import Runtime
from shared.service import create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(
    *(router, directory_router, returns_router, precedents_router),
    *(machine_router, levels_router, crossings_router, explanations_router),
    conclusions_router,
    # Before the masters: an offer is no ticket of that name.
    *(repeats_router, ticket_repeats_router, offer_router),
    *(links_router, terminations_router),
    *(replies_router, co_router, contacts_router, make_router("/v1/notices")),
    make_audit_router(Service.DISPATCH),
    *(suggestions_router, suggestion_router, cases_router),
)


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of dispatch on an open runtime."""
    app = create_app(runtime, ROUTES, health=health, access=ACCESS)
    app.state.models = ModelBook()
    app.state.frequencies = FrequencyBook()
    return app
