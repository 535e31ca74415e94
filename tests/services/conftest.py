"""What the tests of the frame share: one service's tables, emptied before each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.clock import Clock
from shared.database import plain_url
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.service import create_app, routes_of
from shared.settings import Settings
from tests.conftest import TEMPLATE, at_database, run_sql
from tests.services.edge_app import ACCESS, make_router

EFFECTS = """CREATE TABLE dispatch.effects (
    position bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL, source text NOT NULL, sequence int NOT NULL, type text NOT NULL)"""
EMPTY = """TRUNCATE dispatch.outbox, dispatch.heard, dispatch.offsets, dispatch.parked,
dispatch.kept_answers, dispatch.erased, dispatch.effects"""


@pytest.fixture(scope="session")
def frame_url(postgres: str) -> Iterator[str]:
    """One migrated database for all tests of the frame."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    url = at_database(postgres, name)
    grant = "ALTER TABLE dispatch.effects OWNER TO hotline_dispatch"
    asyncio.run(run_sql(url, EFFECTS, grant))
    yield url
    asyncio.run(run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def frame(frame_url: str) -> AsyncIterator[Runtime]:
    """The frame as dispatch uses it; the table `effects` is for the tests' own handlers."""
    await run_sql(frame_url, EMPTY)
    settings = Settings(
        database_url=frame_url,
        heard_wait_seconds_max=0.3,
        parked_in_a_row_max=4,
        retry_delay_seconds_max=0.2,
        body_bytes_max=2_000,
        bulk_bytes_max=20_000,
    )
    async with open_runtime(Service.DISPATCH, settings, Clock()) as runtime:
        yield runtime


@pytest.fixture(scope="session")
def log_url(postgres: str) -> Iterator[str]:
    """One database for the buses: topics and groups are each test's own."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(run_sql(postgres, f"CREATE DATABASE {name}"))
    yield plain_url(at_database(postgres, name))
    asyncio.run(run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def edge(frame: Runtime) -> FastAPI:
    """A small service."""
    return create_app(frame, routes_of(make_router()), access=ACCESS)


@pytest.fixture
async def edge_client(edge: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Its client, without a token."""
    transport = httpx.ASGITransport(edge, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
