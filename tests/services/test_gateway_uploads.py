"""Files through the door and over the wire, piece by piece (A1)."""

import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.app import make_app as make_gateway
from services.gateway.hops import HttpHop, open_session
from services.intake.app import make_app
from shared.events.words import Role, Service
from tests.harness import Harness, token
from tests.services.test_import_command import listening

MEBI = 1_048_576
HEAD = b"%PDF-1.7\n"


@pytest.fixture
async def client(harness: Harness) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody outside: a gateway on its port, intake on another."""
    intake, gateway = [await harness.runtime(one) for one in (Service.INTAKE, Service.GATEWAY)]
    session = await harness.stack.enter_async_context(open_session())
    async with listening(make_app(intake)) as inner:
        app = make_gateway(gateway, {Service.INTAKE: HttpHop(session, inner)})
        async with (
            listening(app) as outer,  # type: ignore[arg-type]
            httpx.AsyncClient(base_url=outer, timeout=60, trust_env=False) as outside,
        ):
            bearer = token(harness.settings, Role.OPERATOR)
            outside.headers["Authorization"] = f"Bearer {bearer}"
            yield outside


async def pieces(size: int) -> AsyncIterator[bytes]:
    yield HEAD
    for _ in range(size // MEBI):
        yield bytes(MEBI)


async def test_a_large_file_goes_in_and_comes_out_without_being_held(
    client: httpx.AsyncClient,
) -> None:
    size = 40 * MEBI
    headers = {"Content-Type": "application/pdf", "Content-Length": str(size + len(HEAD))}
    tracemalloc.start()
    sent = await client.post("/v1/attachments", content=pieces(size), headers=headers)
    assert sent.status_code == 201, sent.text
    read = 0
    async with client.stream("GET", f"/v1/attachments/{sent.json()['id']}") as answer:
        assert answer.headers["Content-Length"] == str(size + len(HEAD))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async for piece in answer.aiter_bytes():
            read += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == size + len(HEAD)
    assert peak < size / 2, f"{peak} bytes held: client, gateway and intake together"


async def test_what_is_too_large_or_of_no_known_size_is_refused_at_the_door(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/v1/attachments", content=pieces(MEBI))
    assert answer.status_code == 411
    ordinary = await client.post("/v1/tickets", content=b"x" * 2 * MEBI)
    assert ordinary.status_code == 413
    large = await client.post("/v1/attachments", content=b"x" * 51 * MEBI)
    assert large.status_code == 413
