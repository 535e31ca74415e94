"""Who sees which figures, by what, of which days; and what a wrong question is told (E1)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.analytics.app import make_app
from services.analytics.consumer import handlers
from shared.events.dispatch import UnitChanged
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness
from tests.services.analytics_events import (
    NOON,
    ROADS,
    WATER,
    created,
    dispatched,
    enter,
    hear,
    overview,
    states,
)


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.ANALYTICS)


async def test_a_place_sees_what_lies_within_it_and_a_unit_its_own(
    harness: Harness, runtime: Runtime
) -> None:
    for place, unit in (("512000", WATER), ("512002", ROADS), ("511000", "511000-water")):
        await hear(harness, runtime, str(uuid4()), created(place), dispatched(unit))
    for role, place, unit_code, count in (
        (Role.ANALYST, "510000", None, 3),
        (Role.ANALYST, "512000", None, 2),
        (Role.SUPERVISOR, "512002", None, 1),
        (Role.OPERATOR, "530000", None, 0),
        (Role.UNIT, "512000", WATER, 1),
        (Role.UNIT, "512000", "512000-other", 0),
    ):
        reader = await enter(harness, runtime, role, jurisdiction=place, unit=unit_code)
        assert sum((await states(reader)).values()) == count, (role, place)
        assert (await overview(reader)).get("tickets", 0) == count
    city = await enter(harness, runtime)
    assert await states(city, jurisdiction="512002") == {"dispatched": 1}
    for path in ("counts", "overview"):
        answer = await city.get(f"/v1/analytics/{path}", params={"jurisdiction": "511000"})
        assert answer.status_code == 404
        answer = await city.get(f"/v1/analytics/{path}", params={"jurisdiction": "510000"})
        assert answer.status_code == 404


async def test_counts_go_by_several_dimensions_with_the_names_of_units(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    unit = UnitChanged(code=WATER, name="水务局", jurisdiction="512000")
    await hear(harness, runtime, WATER, unit)
    for _ in range(2):
        await hear(harness, runtime, str(uuid4()), created(), dispatched(WATER))
    await hear(harness, runtime, str(uuid4()), created())
    expected = [
        {"day": "2026-11-02", "unit": "", "unit_name": None, "state": "accepted", "count": 1},
        {
            "day": "2026-11-02",
            "unit": WATER,
            "unit_name": "水务局",
            "state": "dispatched",
            "count": 2,
        },
    ]
    for by in (["day,unit,state"], ["day", "unit,state"], ["day", "unit", "state"]):
        answer = (await analyst.get("/v1/analytics/counts", params={"by": by})).json()
        assert answer["items"] == expected
    total = (await analyst.get("/v1/analytics/counts")).json()
    assert total["items"] == [{"count": 3}]


async def test_days_are_those_of_the_hotline(harness: Harness, runtime: Runtime) -> None:
    analyst = await enter(harness, runtime)
    for hours in (11.9, 12.1):
        event = harness.event(created(), str(uuid4()), time=NOON + timedelta(hours=hours))
        await harness.hear(runtime, handlers(runtime), event)
    answer = await analyst.get("/v1/analytics/counts", params={"by": "day"})
    assert answer.json()["items"] == [
        {"day": "2026-11-02", "count": 1},
        {"day": "2026-11-03", "count": 1},
    ]
    assert await states(analyst, **{"from": "2026-11-03"}) == {"accepted": 1}
    assert await states(analyst, to="2026-11-01") == {}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"by": "colour"}, "by"),
        ({"by": "state,state"}, "by"),
        ({"by": "state,unit,day,jurisdiction"}, "by"),
        ({"by": ""}, "by"),
        ({"jurisdiction": "51"}, "jurisdiction"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"from": "2026-11-03", "to": "2026-11-02"}, "from"),
        ({"place": "512000"}, "place"),
    ],
)
async def test_a_bad_parameter_is_named(
    harness: Harness, runtime: Runtime, params: dict[str, str], field: str
) -> None:
    analyst = await enter(harness, runtime)
    answer = await analyst.get("/v1/analytics/counts", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_nobody_without_a_token_sees_figures(harness: Harness, runtime: Runtime) -> None:
    client = await harness.client(make_app(runtime), "nothing")
    assert (await client.get("/v1/analytics/overview")).status_code == 401
