"""Knowledge over HTTP."""

from fastapi import FastAPI

from services.knowledge.api import router
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of knowledge on an open runtime."""
    return create_app(runtime, [router], health=health)
