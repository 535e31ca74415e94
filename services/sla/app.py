"""The HTTP side of sla."""

from fastapi import FastAPI

from services.sla.api import router
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health


def make_app(runtime: Runtime, health: Health | None = None) -> FastAPI:
    """The app of sla."""
    return create_app(runtime, [router], health=health)
