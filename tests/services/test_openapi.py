"""The API page: examples that fit, a client made from it, and nothing undocumented."""

import asyncio
import importlib
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from jsonschema import Draft202012Validator

from deploy.contracts.pages import apps
from deploy.trial import trial_token
from shared.clock import Clock
from shared.events.words import Role
from shared.settings import Settings
from tests.journeys.city import City, open_city
from tests.services.gateway_exchange import listening

BIN = Path(sys.executable).parent
CLIENT_SETTINGS = Path(__file__).parents[2] / "docs" / "python-client.yaml"
NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,39}|Page_[A-Z][A-Za-z0-9]{1,33}_")
FUZZ_SECONDS_MAX = 600
OPERATION = re.compile(r"[a-z0-9]+(_[a-z0-9]+){1,5}")
EXAMPLES_OF_EACH = 1
Json = dict[str, Any]


@pytest.fixture
async def city(settings: Settings) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        yield await open_city(settings, stack, Clock())


async def document(city: City) -> Json:
    client = await city.person(Role.OPERATOR)
    found: Json = (await client.get("/openapi.json")).json()
    return found


def shown(found: Json) -> Iterator[tuple[str, Json, Any]]:
    """Each place of the page that needs an example: what it is, its schema, its example."""
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                if parameter.get("required"):
                    yield f"{where} {parameter['name']}", parameter["schema"], parameter["example"]
            bodies = {"body": operation.get("requestBody", {})} | {
                status: body for status, body in operation["responses"].items() if status < "3"
            }
            for name, body in bodies.items():
                for kind, content in body.get("content", {}).items():
                    if kind == "application/json" and content["schema"]:
                        yield f"{where} {name}", content["schema"], content["example"]


def example(found: Json, path: str) -> Any:
    """What the page shows as the body of a POST."""
    (content,) = found["paths"][path]["post"]["requestBody"]["content"].values()
    return content["example"]


async def test_every_operation_has_an_example_that_fits_its_schema(city: City) -> None:
    found = await document(city)
    count = 0
    for where, schema, example in shown(found):
        validator = Draft202012Validator({**schema, "components": found["components"]})
        wrong = [error.message for error in validator.iter_errors(example)]
        assert not wrong, (where, wrong)
        count += 1
    assert count > len(found["paths"])


def test_a_schema_s_name_is_short_and_means_one_thing() -> None:
    """Where two classes of one service share a name, FastAPI writes their modules into it."""
    means: dict[str, Json] = {}
    operations: list[str] = []
    for app in apps().values():
        found = app.openapi()
        for name, schema in found["components"]["schemas"].items():
            assert NAME.fullmatch(name), name
            assert means.setdefault(name, schema) == schema, name
        operations += [
            one["operationId"] for path in found["paths"].values() for one in path.values()
        ]
    titles = [schema["title"] for schema in means.values()]
    assert len(means) == len(set(titles)), "a client's classes have the names of the titles"
    assert len(operations) == len(set(operations))
    assert [one for one in operations if not OPERATION.fullmatch(one)] == []


async def make_client(found: Json, folder: Path) -> None:
    """Make `hotline_client`; whatever the generator would leave out fails."""
    page = folder / "openapi.json"
    page.write_text(json.dumps(found))
    done = await asyncio.to_thread(
        subprocess.run,
        [
            *(BIN / "openapi-python-client", "generate", "--path", page, "--meta", "none"),
            *("--config", CLIENT_SETTINGS, "--output-path", folder / "hotline_client"),
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-8_000:]


async def test_a_client_made_from_the_page_files_reads_and_is_refused(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await document(city)
    await make_client(found, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    client_module = importlib.import_module("hotline_client.client")
    models = importlib.import_module("hotline_client.models")
    file_ticket = importlib.import_module("hotline_client.api.tickets.tickets_file_ticket")
    file_bulk = importlib.import_module("hotline_client.api.tickets.tickets_file_bulk")
    types = importlib.import_module("hotline_client.types")
    show_ticket = importlib.import_module("hotline_client.api.tickets.tickets_show_ticket")
    async with listening(city.platform.app) as url, AsyncExitStack() as clients:
        token = trial_token(city.settings, Role.OPERATOR, jurisdiction="512000")
        client = client_module.AuthenticatedClient(base_url=url, token=token)
        clients.enter_context(client)
        filed = await asyncio.to_thread(
            partial(
                file_ticket.sync_detailed,
                client=client,
                body=models.FileTicket.from_dict(example(found, "/v1/tickets")),
            )
        )
        assert filed.status_code == 201, filed.content
        assert isinstance(filed.parsed.id, UUID)
        shown = await asyncio.to_thread(
            partial(show_ticket.sync_detailed, filed.parsed.id, client=client)
        )
        assert (shown.status_code, shown.parsed.title) == (200, "小区停水")
        lines = f"{example(found, '/v1/tickets/bulk')}{{".encode()
        bulk = await asyncio.to_thread(
            partial(file_bulk.sync_detailed, client=client, body=types.File(BytesIO(lines)))
        )
        told = [json.loads(line) for line in bulk.parsed.payload.read().splitlines()]
        assert [line["status"] for line in told] == [201, 422]
        nobody = client_module.AuthenticatedClient(base_url=url, token="nobody")
        clients.enter_context(nobody)
        refused = await asyncio.to_thread(
            partial(show_ticket.sync_detailed, filed.parsed.id, client=nobody)
        )
        assert (refused.status_code, refused.parsed.code) == (401, "unauthenticated")


@pytest.mark.timeout(FUZZ_SECONDS_MAX + 60)
async def test_no_call_is_answered_with_a_failure_or_undocumented(
    city: City, tmp_path: Path
) -> None:
    page = tmp_path / "openapi.json"
    page.write_text(json.dumps(await document(city)))
    async with listening(city.platform.app) as url, httpx.AsyncClient(base_url=url) as client:
        token = trial_token(city.settings, Role.SUPERVISOR, jurisdiction="512000")
        done = await asyncio.to_thread(
            subprocess.run,
            [
                *(BIN / "schemathesis", "run", page, "--url", url),
                *("--header", f"Authorization: Bearer {token}"),
                *("--checks", "not_a_server_error,status_code_conformance"),
                *("--max-examples", str(EXAMPLES_OF_EACH), "--phases", "examples,fuzzing"),
                *("--seed", "12345", "--continue-on-failure", "--request-timeout", "60"),
                # It writes no NDJSON; lines of all kinds are in the tests of the bulk calls.
                *("--exclude-path-regex", "/bulk$|/v1/exchange/messages$"),
            ],
            capture_output=True,
            text=True,
            timeout=FUZZ_SECONDS_MAX,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stdout[-8_000:]
        assert (await client.get("/healthz")).is_success
