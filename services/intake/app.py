"""Intake over HTTP."""

from fastapi import FastAPI

from services.intake.amendments.api import router as amendments_router
from services.intake.api import FILING, router
from services.intake.directory import Directory
from services.intake.filing.filer import Filer
from services.intake.identity import Vault
from services.intake.registry.api import router as registry_router
from services.intake.verifications.api import router as verifications_router
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health

ROUTERS = (router, amendments_router, registry_router, verifications_router)


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of intake on an open runtime."""
    app = create_app(runtime, ROUTERS, health=health)
    app.router.routes.insert(0, FILING)
    app.state.vault = Vault(runtime.settings.identity_key)
    app.state.filer = Filer(runtime, app.state.vault)
    app.state.directory = Directory(runtime)
    return app
