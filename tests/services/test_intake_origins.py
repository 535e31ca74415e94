"""What intake makes of what another platform passed on: its category, and its first deadline."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.app import make_app
from shared.crossing import subject_of
from shared.events.words import Role, Service
from tests.harness import Harness, token

HOME = "530000"
YUNNAN = {"name": "云南省"}
TAXONOMY = {"01": "供水", "02": "供电"}


@pytest.fixture
async def clients(harness: Harness) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Another platform, and a seat of ours, at an intake with a taxonomy."""
    app = make_app(await harness.runtime(Service.INTAKE))
    settings = harness.settings
    admin = await harness.client(app, token(settings, Role.ADMINISTRATOR, jurisdiction="000000"))
    paths = {"/v1/jurisdictions/512000": "资阳市"}
    paths |= {f"/v1/categories/{code}": name for code, name in TAXONOMY.items()}
    for path, name in paths.items():
        put = await admin.put(path, json={"name": name})
        assert put.is_success, put.text
    theirs = token(settings, Role.PLATFORM, subject=subject_of(HOME))
    ours = token(settings, Role.OPERATOR)
    return await harness.client(app, theirs), await harness.client(app, ours)


def request(**more: Any) -> dict[str, Any]:
    words = {"jurisdiction": "512000", "type": "help", "content": "小区停水。", "channel": "system"}
    origin = {"platform": HOME, "ticket_id": str(uuid4()), "number": "530000-1"}
    return words | {"origin": origin} | more


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"category": "01", "category_name": "供水"}, "01"),
        ({"category": "01", "category_name": "供热"}, None),
        ({"category": "09", "category_name": "供水"}, None),
        ({"category": "02"}, "02"),
        ({"category": "09"}, None),
        ({}, None),
    ],
)
async def test_a_category_is_taken_where_both_mean_the_same_by_it(
    harness: Harness,
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient],
    told: dict[str, str],
    kept: str | None,
) -> None:
    theirs, _ = clients
    filed = await theirs.post("/v1/tickets", json=request(**told))
    assert filed.status_code == 201, filed.text
    runtime = await harness.runtime(Service.INTAKE)
    query = "SELECT category FROM tickets WHERE id = $1"
    assert await runtime.database.pool.fetchval(query, UUID(filed.json()["id"])) == kept


async def test_who_files_at_home_names_a_code_alone(
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    _, ours = clients
    body = request(category="01", category_name="供水", origin=None)
    refused = await ours.post("/v1/tickets", json=body)
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("category_name", "no_origin")


async def test_a_province_answers_with_its_time_to_pass_on(harness: Harness) -> None:
    app = make_app(await harness.runtime(Service.INTAKE))
    admin = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    put = await (await harness.client(app, admin)).put(f"/v1/jurisdictions/{HOME}", json=YUNNAN)
    assert put.is_success, put.text
    city = token(harness.settings, Role.PLATFORM, jurisdiction=HOME, subject=subject_of("532800"))
    passing = await harness.client(app, city)
    origin = {"platform": "532800", "ticket_id": str(uuid4()), "number": "532800-1"}
    filed = await passing.post("/v1/tickets", json=request(jurisdiction=HOME, origin=origin))
    assert filed.status_code == 201, filed.text
    assert [one["source"] for one in filed.json()["deadlines"]] == ["YN 六(三)2"]
