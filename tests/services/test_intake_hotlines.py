"""The merge registry: its lines, and where a dialled number leads (A16)."""

from collections import Counter
from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from shared.events.words import Role, Service
from shared.policy.load import builtin_packs
from tests.harness import Harness, token


@pytest.fixture
async def client(harness: Harness) -> httpx.AsyncClient:
    """Whoever has a token may read."""
    intake = await harness.runtime(Service.INTAKE)
    return await harness.client(make_app(intake), token(harness.settings, Role.LEADER))


async def lines(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/hotlines", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("place", "modes"),
    [
        ("620000", {"merged": 42, "parallel": 10, "subcenter": 5}),
        ("532800", {"merged": 20, "parallel": 8, "subcenter": 5}),
    ],
)
async def test_the_annexes_are_whole(
    client: httpx.AsyncClient, place: str, modes: dict[str, int]
) -> None:
    found = await lines(client, jurisdiction=place)
    assert Counter(line["mode"] for line in found) == modes
    assert len({line["number"] for line in found}) == sum(modes.values())
    for line in found:
        assert all(line[name] for name in ("name", "unit", "level", "seats", "source"))
        assert line["mode_name"] in ("整体并入", "双号并行", "设分中心")
    for mode, count in modes.items():
        narrowed = await lines(client, jurisdiction=place, mode=mode)
        assert len(narrowed) == count
        assert {line["mode"] for line in narrowed} == {mode}


async def test_lines_are_narrowed_by_level_and_unit(client: httpx.AsyncClient) -> None:
    every = builtin_packs()["620000"].hotlines
    for level in {line.level for line in every}:
        found = await lines(client, jurisdiction="620000", level=level)
        assert [f["number"] for f in found] == [e.number for e in every if e.level == level]
    unit = every[0].unit
    found = await lines(client, jurisdiction="620000", unit=unit)
    assert {line["unit"] for line in found} == {unit}
    wrong = await client.get("/v1/hotlines", params={"jurisdiction": "620000", "mode": "gone"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "mode")


async def test_the_registry_of_a_city_is_that_of_its_province(client: httpx.AsyncClient) -> None:
    whole = await lines(client, jurisdiction="620000")
    assert await lines(client, jurisdiction="620100") == whole


async def test_a_document_without_its_annex_says_so(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/hotlines", params={"jurisdiction": "220000"})).json()
    assert answer["items"] == []
    assert answer["annex"]["listed"] is False
    assert answer["annex"]["note"]
    assert answer["annex"]["source"].startswith("JL")
    nowhere = (await client.get("/v1/hotlines", params={"jurisdiction": "110000"})).json()
    assert (nowhere["items"], nowhere["annex"]["listed"]) == ([], False)
    assert nowhere["annex"]["note"]


async def test_every_number_of_a_registry_leads_somewhere(client: httpx.AsyncClient) -> None:
    for code in ("620000", "532800"):
        for line in builtin_packs()[code].hotlines:
            path = f"/v1/hotlines/{line.number}/route"
            answer = await client.get(path, params={"jurisdiction": code})
            assert answer.status_code == 200, answer.text
            found = answer.json()
            assert found["kind"] not in ("unknown", "emergency")
            assert (found["hotline"]["name"], found["source"]) == (line.name, line.source)
            assert found["words"]
            assert found["kind_name"]


@pytest.mark.parametrize(
    ("place", "number", "kind", "word"),
    [
        ("620000", "12301", "here", "整体并入"),
        ("532800", "12313", "elsewhere", "省"),
        ("532800", "12345", "here", "12345"),
        ("532800", "96301", "here", "整体并入"),
        ("620000", "12315", "kept_seats", "双号并行"),
        ("620000", "12333", "here", "座席并入"),
        ("620000", "12366", "subcenter", "分中心"),
    ],
)
async def test_a_dialled_number_leads_where_its_line_says(
    client: httpx.AsyncClient, place: str, number: str, kind: str, word: str
) -> None:
    answer = await client.get(f"/v1/hotlines/{number}/route", params={"jurisdiction": place})
    found = answer.json()
    assert (found["kind"], word in found["words"]) == (kind, True), found


async def test_a_number_is_found_however_it_is_written(client: httpx.AsyncClient) -> None:
    line = builtin_packs()["532800"].hotlines[0]
    dialled = f"{line.number[:3]}-{line.number[3:]}"
    answer = await client.get(f"/v1/hotlines/{dialled}/route", params={"jurisdiction": "532800"})
    assert answer.json()["number"] == line.number


@pytest.mark.parametrize("place", ["620000", "220000"])
async def test_an_unknown_number_is_not_found_in_words(
    client: httpx.AsyncClient, place: str
) -> None:
    answer = await client.get("/v1/hotlines/99999/route", params={"jurisdiction": place})
    assert answer.status_code == 404
    assert "清单" in answer.json()["detail"]


async def test_the_emergency_lines_were_never_merged(client: httpx.AsyncClient) -> None:
    for number in ("110", "119", "120", "122"):
        path = f"/v1/hotlines/{number}/route"
        answer = await client.get(path, params={"jurisdiction": "620000"})
        assert answer.json()["kind"] == "emergency"


async def test_what_is_no_number_is_malformed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/hotlines/abc/route", params={"jurisdiction": "620000"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "number")


async def test_jilin_and_changchun_share_one_number_and_the_menu_tells_the_levels_apart(
    harness: Harness, client: httpx.AsyncClient
) -> None:
    intake = await harness.runtime(Service.INTAKE)
    bearer = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="220000")
    administrator = await harness.client(make_app(intake), bearer)
    named = await administrator.put("/v1/jurisdictions/220100", json={"name": "长春市"})
    assert named.status_code == 200, named.text
    for place in ("220000", "220100", "220102"):
        route = await client.get("/v1/hotlines/12345/route", params={"jurisdiction": place})
        choices = [
            (one["key"], one["jurisdiction"], one["level"], one["name"])
            for one in route.json()["menu"]
        ]
        assert choices == [("1", "220100", "city", "长春市"), ("2", "220000", "province", "220000")]
        assert {one["source"] for one in route.json()["menu"]} == {"JL 五(一)"}
        assert route.json()["menu"][1]["words"] == "省级 12345 热线请按 2"


@pytest.mark.parametrize(
    ("number", "place"), [("12345", "220200"), ("12345", "512000"), ("110", "220000")]
)
async def test_a_number_that_no_level_shares_has_no_menu(
    client: httpx.AsyncClient, number: str, place: str
) -> None:
    answer = await client.get(f"/v1/hotlines/{number}/route", params={"jurisdiction": place})
    assert (answer.status_code, answer.json()["menu"]) == (200, [])
