"""Analytics over HTTP."""

from fastapi import FastAPI

from services.analytics.api import router
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of analytics on an open runtime."""
    return create_app(runtime, [router], health=health)
