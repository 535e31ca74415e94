"""Each service in processes of its own, over real HTTP and Kafka, started and stopped for real."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.trial import load_trial
from shared.database import DirectConnection, plain_url
from shared.events.catalogue import TOPICS
from shared.events.words import Role
from tests.compose_file import read_compose
from tests.conftest import at_database, run_sql
from tests.faults.traffic import request
from tests.harness import eventually
from tests.kafka import KafkaForTests
from tests.services.production import (
    UNIT,
    Production,
    hotline,
    invoke,
    open_production,
    production_settings,
)

STOP_SECONDS_MAX = 40
CONTAINER_PORT = "8000"
FROM_ELSEWHERE = re.compile(r"""(?:src|href|url)\s*[=(:]\s*["']?(?:https?:)?//""")
IMPORTED = re.compile(r"""(?:src|href)="([^"]+)\"""")


@pytest.fixture(scope="module")
def production(
    postgres: str, kafka: KafkaForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """The whole platform, brought up from an empty database as an operator would."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(run_sql(postgres, f"CREATE DATABASE {name}"))
    settings = production_settings(at_database(postgres, name), kafka.bootstrap_servers)
    with open_production(settings, tmp_path_factory.mktemp("production")) as opened:
        _prepare(opened, kafka)
        opened.start(tmp_path_factory.mktemp("logs"))
        asyncio.run(_load(opened))
        yield opened
    asyncio.run(run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


def _prepare(production: Production, kafka: KafkaForTests) -> None:
    done = hotline("migrate", environment=production.environment)
    assert done.returncode == 0, done.stderr
    if kafka.kind == "broker":
        done = hotline("topics", environment=production.environment)
        assert done.returncode == 0, done.stderr


async def _load(production: Production) -> None:
    await production.ready()
    async with production.person(Role.ADMINISTRATOR) as administrator:
        assert await load_trial(administrator, production.settings, places=("512000",))


async def file_ticket(production: Production) -> str:
    """File a request at the gateway; return the ticket's id."""
    answers: list[httpx.Response] = []

    async def is_taken() -> bool:
        # Intake hears of places and units through the bus.
        answers.append(await operator.post("/v1/tickets", json=request()))
        return answers[-1].status_code == 201

    async with production.person(Role.OPERATOR) as operator:
        await eventually(is_taken, what="a ticket that is taken")
    ticket: str = answers[-1].json()["id"]
    return ticket


async def test_a_ticket_is_filed_at_one_process_and_signed_at_another(
    production: Production,
) -> None:
    ticket = await file_ticket(production)
    async with production.person(Role.UNIT, unit=UNIT) as unit:
        signed = await unit.post(f"/v1/tickets/{ticket}/sign", json={})
    assert (signed.status_code, signed.json()["state"]) == (200, "signed"), signed.text


@pytest.mark.parametrize("process", ["intake-worker", "dispatch-worker"])
async def test_a_worker_answers_for_its_health_and_its_figures(
    production: Production, process: str
) -> None:
    await file_ticket(production)
    service = process.removesuffix("-worker")
    async with httpx.AsyncClient(base_url=production.url(process), trust_env=False) as client:
        ready = await client.get("/readyz")
        assert ready.json() == {"status": "ready", "failures": {}}

        async def has_sent() -> bool:
            sent = rf'hotline_events_sent_total{{service="{service}"}} [1-9]'
            return re.search(sent, (await client.get("/metrics")).text) is not None

        await eventually(has_sent, what="a sent event among the figures")


async def test_requests_are_counted_by_route(production: Production) -> None:
    await file_ticket(production)
    async with httpx.AsyncClient(base_url=production.url("intake"), trust_env=False) as client:
        figures = (await client.get("/metrics")).text
    labels = 'method="POST",route="/v1/tickets",service="intake",status="201"'
    assert f"hotline_request_seconds_count{{{labels}}}" in figures


def test_the_health_check_of_the_containers_passes_for_every_process(
    production: Production,
) -> None:
    for name, port in production.ports.items():
        code = _health_check(name).replace(CONTAINER_PORT, str(port))
        subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
    code = _health_check("gateway").replace(CONTAINER_PORT, "9")
    dead = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert dead.returncode == 1


def _health_check(name: str) -> str:
    command: list[str] = read_compose()["services"][name]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "python", "-c"]
    return command[3]


async def test_the_api_page_loads_nothing_from_another_host(production: Production) -> None:
    async with httpx.AsyncClient(base_url=production.url("gateway"), trust_env=False) as client:
        page = (await client.get("/docs")).text
        assert FROM_ELSEWHERE.search(page) is None
        linked = IMPORTED.findall(page)
        assert len(linked) == 2
        for path in linked:
            asset = await client.get(path)
            assert asset.is_success, path
            assert path.endswith(".js") or FROM_ELSEWHERE.search(asset.text) is None


@pytest.mark.parametrize("command", ["migrate", "topics"])
def test_preparing_again_does_no_harm(
    production: Production, kafka: KafkaForTests, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    if command == "topics" and kafka.kind == "mock":
        pytest.skip("librdkafka's mock cluster has no topic admin")
    done = invoke(monkeypatch, production.environment, command)
    assert done.exit_code == 0, done.output
    assert command == "migrate" or all(topic in done.output for topic in TOPICS)


@asynccontextmanager
async def locked_ticket(production: Production, ticket: str) -> AsyncIterator[DirectConnection]:
    """Hold dispatch's row of a ticket, once it is there, until the block ends."""
    connection = await asyncpg.connect(plain_url(production.settings.database_url))
    try:

        async def is_there() -> bool:
            return bool(
                await connection.fetchval(
                    "SELECT true FROM dispatch.tickets WHERE id = $1 AND state = 'dispatched'",
                    ticket,
                )
            )

        await eventually(is_there, what="a dispatched ticket")
        async with connection.transaction():
            await connection.execute(
                "SELECT 1 FROM dispatch.tickets WHERE id = $1 FOR UPDATE", ticket
            )
            yield connection
    finally:
        await connection.close()


async def test_a_running_call_is_answered_before_its_processes_end(
    production: Production,
) -> None:
    """The last test of the platform: what it stops stays stopped."""
    ticket = await file_ticket(production)
    async with production.person(Role.UNIT, unit=UNIT) as unit:
        async with locked_ticket(production, ticket) as connection:
            signing = asyncio.create_task(unit.post(f"/v1/tickets/{ticket}/sign", json={}))
            await eventually(lambda: _waits_for_a_lock(connection), what="a waiting call")
            ending = [production.tell_to_stop(name) for name in production.processes]
            await eventually(lambda: _refuses(production.url("dispatch")), what="a closed door")
            assert not signing.done()
        signed = await signing
    assert (signed.status_code, signed.json()["state"]) == (200, "signed"), signed.text
    codes = [await asyncio.to_thread(one.wait, STOP_SECONDS_MAX) for one in ending]
    assert codes == [0] * len(codes)


async def _waits_for_a_lock(connection: DirectConnection) -> bool:
    return bool(
        await connection.fetchval(
            """SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'hotline-dispatch' AND wait_event_type = 'Lock'
                AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"""
        )
    )


async def _refuses(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            await client.get(f"{url}/healthz")
        except httpx.TransportError as error:
            # A call that was let in at the last moment is cut off; that is not yet a closed door.
            return isinstance(error, httpx.ConnectError)
    return False
