"""The gateway with its neighbours in other processes."""

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

from starlette.types import ASGIApp

from services.gateway.hops import HttpHop, open_session
from services.gateway.settings import Neighbours
from shared.events.words import Service
from shared.runtime import Runtime


@asynccontextmanager
async def http_hops() -> AsyncIterator[Mapping[Service, ASGIApp]]:
    """The ways to the five services; their connections close at the end."""
    async with open_session() as session:
        yield {name: HttpHop(session, url) for name, url in Neighbours().urls().items()}


@asynccontextmanager
async def over_http(runtime: Runtime) -> AsyncIterator[ASGIApp]:
    """The gateway's app; its connections close at the end."""
    app = importlib.import_module("services.gateway.app")
    async with http_hops() as hops:
        yield cast("ASGIApp", app.make_app(runtime, hops))
