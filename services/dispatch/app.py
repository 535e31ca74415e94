"""Dispatch over HTTP."""

from fastapi import FastAPI

from services.dispatch.api import router
from services.dispatch.directory.api import router as directory_router
from services.dispatch.precedents.api import router as precedents_router
from services.dispatch.returns.api import router as returns_router
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of dispatch on an open runtime."""
    return create_app(
        runtime, [router, directory_router, returns_router, precedents_router], health=health
    )
