"""Intake over HTTP."""

from fastapi import FastAPI

from services.intake.abuses.api import router as abuses_router
from services.intake.access import ACCESS
from services.intake.amendments.api import router as amendments_router
from services.intake.api import FILING, router
from services.intake.attachments.api import router as attachments_router
from services.intake.attachments.store import open_store
from services.intake.callers.api import router as callers_router
from services.intake.calls.api import router as calls_router
from services.intake.channels.api import router as channels_router
from services.intake.channels.public import PublicLimits
from services.intake.channels.public import router as web_form_router
from services.intake.directory import Directory
from services.intake.disputes.api import router as disputes_router
from services.intake.emergencies.api import router as emergencies_router
from services.intake.erasures.api import router as erasures_router
from services.intake.exchange_keys.api import router as exchange_keys_router
from services.intake.filing.filer import Filer
from services.intake.follow_ups.api import router as follow_ups_router
from services.intake.identity import Vault
from services.intake.origins.api import router as origins_router
from services.intake.public.api import router as public_router
from services.intake.public.limits import Addresses
from services.intake.publications.api import router as publications_router
from services.intake.quality.api import router as quality_router
from services.intake.ratings.api import router as ratings_router
from services.intake.registry.api import router as registry_router
from services.intake.screenings.api import router as screenings_router
from services.intake.seats.api import router as seats_router
from services.intake.taxonomy.api import router as taxonomy_router
from services.intake.verifications.api import router as verifications_router
from services.intake.withdrawals.api import router as withdrawals_router
from shared.audit_pages import make_router as make_audit_router
from shared.events.words import Service
from shared.notice_pages import make_router
from shared.runtime import Runtime
from shared.service import create_app, routes_of
from shared.worker import Health

ROUTES = routes_of(
    router,
    amendments_router,
    origins_router,
    attachments_router,
    registry_router,
    taxonomy_router,
    verifications_router,
    callers_router,
    disputes_router,
    follow_ups_router,
    public_router,
    ratings_router,
    screenings_router,
    withdrawals_router,
    calls_router,
    seats_router,
    emergencies_router,
    erasures_router,
    abuses_router,
    publications_router,
    quality_router,
    channels_router,
    web_form_router,
    exchange_keys_router,
    make_router("/v1/caller-notices"),
    make_audit_router(Service.INTAKE),
)


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of intake on an open runtime."""
    app = create_app(runtime, ROUTES, health=health, access=ACCESS)
    app.router.routes.insert(0, FILING)
    app.state.vault = Vault(runtime)
    app.state.filer = Filer(runtime, app.state.vault)
    app.state.directory = Directory(runtime)
    app.state.addresses = Addresses(runtime.settings)
    app.state.store = open_store(runtime.settings)
    app.state.public_limits = PublicLimits(runtime.settings)
    return app
