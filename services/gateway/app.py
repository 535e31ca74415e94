"""The gateway over HTTP."""

from collections.abc import Mapping

from starlette.types import ASGIApp

from services.gateway.door import Door
from services.gateway.pages import assets, router
from shared.events.words import Service
from shared.runtime import Runtime
from shared.security import TokenReader
from shared.service import Edge, create_app
from shared.worker import Health


def make_app(
    runtime: Runtime, hops: Mapping[Service, ASGIApp], health: Health | None = None
) -> ASGIApp:
    """The gateway on an open runtime; `hops` lead to the five services."""
    inner = create_app(runtime, [router], health=health, openapi_url=None)
    inner.state.hops = hops
    inner.mount("/docs/assets", assets())
    settings = runtime.settings
    return Edge(
        Door(inner, hops, TokenReader(settings.token_secret)),
        body_bytes_max=settings.body_bytes_max,
        bulk_bytes_max=settings.bulk_bytes_max,
    )
