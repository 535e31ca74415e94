"""The unified taxonomy: three levels, domains, retired and never deleted, loaded (A2)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from deploy.taxonomy import taxonomy
from services.intake.app import make_app
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_import_command import listening
from tests.services.test_intake_filing import REQUEST

SHARED = Path(__file__).parents[3] / "shared" / "data" / "taxonomy_517.csv"
ECOLOGY = {"name": "环境保护", "domain": "ecology"}


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def admin(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    rights = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(make_app(intake), rights)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    return client


async def put(client: httpx.AsyncClient, code: str, **body: Any) -> httpx.Response:
    return await client.put(f"/v1/categories/{code}", json=body)


async def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["code"])


async def test_three_levels_with_the_domain_of_the_first(admin: httpx.AsyncClient) -> None:
    assert (await put(admin, "02", **ECOLOGY)).is_success
    assert (await put(admin, "0201", name="噪声", parent="02")).is_success
    third = await put(admin, "020101", name="施工噪声", parent="0201")
    assert third.json()["domain_name"] == "生态环境保护"
    assert third.json()["level"] == 3
    listed = (await admin.get("/v1/categories")).json()
    assert [one["code"] for one in listed] == ["02", "0201", "020101"]
    assert "children" not in listed[0]
    [tree] = (await admin.get("/v1/categories", params={"tree": True})).json()
    assert tree["children"][0]["children"][0]["name"] == "施工噪声"
    renamed = await put(admin, "02", name="生态环境")
    assert (renamed.json()["name"], renamed.json()["domain"]) == ("生态环境", "ecology")


async def test_the_tree_grows_no_deeper_and_in_no_circle(admin: httpx.AsyncClient) -> None:
    for code, parent in (("1", None), ("2", "1"), ("3", "2"), ("9", None), ("91", "9")):
        assert (await put(admin, code, name=f"类{code}", parent=parent)).is_success
    assert await code_of(await put(admin, "4", name="四级", parent="3")) == "too_deep"
    assert await code_of(await put(admin, "9", name="带下级", parent="2")) == "too_deep"
    assert await code_of(await put(admin, "1", name="圈", parent="3")) == "in_a_circle"
    assert await code_of(await put(admin, "2", name="x", parent="1", domain="market")) == (
        "not_first_level"
    )
    assert await code_of(await put(admin, "5", name="x", domain="sports")) == "enum"
    assert (await put(admin, "5", name="x", parent="none")).status_code == 404
    assert (await admin.delete("/v1/categories/1")).status_code == 405


async def test_a_retired_category_takes_no_more_and_names_its_successor(
    admin: httpx.AsyncClient, harness: Harness, intake: Runtime
) -> None:
    for code in ("01", "02"):
        assert (await put(admin, code, name=f"类{code}")).is_success
    operator = await harness.client(make_app(intake), token(harness.settings, Role.OPERATOR))
    filed = await operator.post("/v1/tickets", json=REQUEST)
    assert filed.status_code == 201, filed.text
    gone = {"name": "类01", "is_active": False, "successor": "02"}
    assert (await put(admin, "01", **gone)).is_success
    refused = await admin.post("/v1/tickets", json=REQUEST)
    [error] = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("category", "retired_category")
    assert "02" in error["message"]
    kept = await intake.database.pool.fetchval("SELECT category FROM tickets")
    assert kept == "01", "what was filed keeps it"
    for wrong in ("01", "77"):
        answer = await put(admin, "01", **(gone | {"successor": wrong}))
        assert await code_of(answer) == "unknown_category"
    answer = await put(admin, "01", **(gone | {"is_active": True}))
    assert await code_of(answer) == "still_active"


async def load(harness: Harness, url: str, path: Path) -> tuple[int, dict[str, int], str]:
    rights = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    words = ["load", str(path), "--url", url, "--token", rights, "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, taxonomy, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout), result.stderr


async def test_the_unified_table_is_loaded_and_twice_is_once(
    admin: httpx.AsyncClient, harness: Harness, intake: Runtime
) -> None:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not here")
    assert (await put(admin, "01", name="城乡建设", domain="service")).is_success
    async with listening(make_app(intake)) as url:
        code, totals, problems = await load(harness, url, SHARED)
        assert (code, problems) == (0, "")
        first = (await admin.get("/v1/categories")).json()
        assert totals["all"] == len(first) == totals["added"] + 1
        assert sum(one["level"] == 3 for one in first) == 517
        names = [one["name"] for one in first if one["level"] == 3]
        assert len(set(names)) < len(names), "names repeat, codes do not"
        _, again, _ = await load(harness, url, SHARED)
        assert (again["added"], again["changed"]) == (0, 0)
    assert (await admin.get("/v1/categories")).json() == first


async def test_bad_lines_are_reported_and_the_rest_is_loaded(
    admin: httpx.AsyncClient, harness: Harness, intake: Runtime, tmp_path: Path
) -> None:
    assert (await put(admin, "05", name="旧名")).is_success
    path = tmp_path / "taxonomy.csv"
    lines = (
        "一级,二级,三级,一级代码,领域",
        "新名,,,05,社会管理",
        "新名,噪声,施工噪声,05,",
        ",噪声,,,",
        "新名,,三级,05,",
        "水利,防汛,,,体育",
        "水利,防汛,,,",
        "少一格",
        "新名,,,06,",
    )
    path.write_text("\n".join(lines), encoding="gb18030")
    async with listening(make_app(intake)) as url:
        code, totals, problems = await load(harness, url, path)
    assert code == 1
    assert [line for line in range(1, 10) if f"第 {line} 行" in problems] == [4, 5, 6, 8, 9]
    counts = {"added": 4, "changed": 1, "refused": 5, "all": 5}
    assert totals == counts | {"without_domain": 1}, "of 水利 nobody said which"
    found = {one["code"]: one["name"] for one in (await admin.get("/v1/categories")).json()}
    assert found == {
        "05": "新名",
        "0501": "噪声",
        "050101": "施工噪声",
        "01": "水利",
        "0101": "防汛",
    }
