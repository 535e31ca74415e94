"""Publishing packs over REST: checked, kept by content hash, said once, never forgotten (C1)."""

import asyncio
from typing import Any

import httpx
import pytest

from services.sla.app import make_app
from services.sla.policies.worker import publish_builtin_packs
from shared.events.envelope import Event, Payload
from shared.events.sla import PolicyPublished
from shared.events.words import Role, Service
from shared.policy.load import builtin_packs, restore_pack
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.law_texts import pack_text, ziyang_2


@pytest.fixture
async def sla(harness: Harness) -> Runtime:
    return await harness.runtime(Service.SLA)


@pytest.fixture
async def office(harness: Harness, sla: Runtime) -> httpx.AsyncClient:
    bearer = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    return await harness.client(make_app(sla), bearer)


async def publish(
    client: httpx.AsyncClient, text: str, *, file: str = "pack.toml", status: int = 201
) -> dict[str, Any]:
    answer = await client.post("/v1/policies", json={"file": file, "text": text})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def said_of_ziyang(harness: Harness, sla: Runtime) -> list[Event[Payload]]:
    return [event for event in await harness.said(sla) if event.subject == "512000"]


async def test_a_pack_is_kept_and_said_with_its_whole_content(
    office: httpx.AsyncClient, sla: Runtime, harness: Harness
) -> None:
    shown = await publish(office, ziyang_2())
    assert (shown["code"], shown["version"]) == ("512000", "2")
    assert shown["effective_from"] == "2026-01-01"
    builtin, event = await said_of_ziyang(harness, sla)
    said = event.data
    assert isinstance(said, PolicyPublished)
    assert (builtin.sequence, event.sequence, said.hash) == (1, 2, shown["hash"])
    assert said.effective_from.isoformat() == "2026-01-01T00:00:00+08:00"
    assert restore_pack(httpx.Response(200, text=said.pack).json()).content_hash == said.hash


async def test_the_same_content_again_answers_the_same_and_says_nothing(
    office: httpx.AsyncClient, sla: Runtime, harness: Harness
) -> None:
    first = await publish(office, ziyang_2())
    again = await publish(office, "# by another hand\n" + ziyang_2(), status=200)
    assert again == first
    assert len(await said_of_ziyang(harness, sla)) == 2, "the built-in one and this"


async def test_two_who_publish_at_once_say_it_once(
    office: httpx.AsyncClient, sla: Runtime, harness: Harness
) -> None:
    body = {"file": "pack.toml", "text": ziyang_2()}
    answers = await asyncio.gather(*(office.post("/v1/policies", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(await said_of_ziyang(harness, sla)) == 2


async def test_a_wrong_pack_is_refused_whole_with_file_field_and_reason(
    office: httpx.AsyncClient, sla: Runtime, harness: Harness
) -> None:
    text = ziyang_2().replace('amount = 5, unit = "hours"', 'amount = "five", unit = "hours"')
    text += '\n[colour]\nvalue = "red"\nsource = "default"\n'
    body = await publish(office, text, file="ziyang-2.toml", status=422)
    assert {(error["file"], error["field"]) for error in body["errors"]} >= {
        ("ziyang-2.toml", "colour"),
    }
    assert all(error["message"] for error in body["errors"])
    assert (await publish(office, "code = ", status=422))["errors"][0]["field"] == "text"
    assert await harness.said(sla) == []


async def test_a_pack_above_itself_is_refused(office: httpx.AsyncClient) -> None:
    text = pack_text("yunnan", parent='"532800"', version='"2"')
    body = await publish(office, text, status=422)
    assert {error["field"] for error in body["errors"]} == {"parent"}
    assert "530000" in body["errors"][0]["message"]


async def test_a_merge_registry_does_not_get_a_new_number(office: httpx.AsyncClient) -> None:
    line = next(one for one in builtin_packs()["620000"].hotlines if one.number.isdecimal())
    text = pack_text("gansu", version='"2"').replace(f'"{line.number}"', '"96999"')
    body = await publish(office, text, status=422)
    (error,) = body["errors"]
    assert error["field"].startswith("hotlines[")
    assert "GS" in error["message"]


async def test_a_child_keeps_what_it_inherited_until_it_is_published_anew(
    office: httpx.AsyncClient,
) -> None:
    before = (await office.get("/v1/policies/532800?at=2026-06-01")).json()
    since = '{ value = 2026-05-01, source = "default" }'
    six_hours = '{ amount = 6, unit = "working_days", source = "YN 9" }'
    parent = pack_text("yunnan", version='"2"', effective_from=since, help=six_hours)
    await publish(office, parent)
    yunnan = (await office.get("/v1/policies/530000?at=2026-06-01")).json()
    assert yunnan["version"] == "2"
    after = (await office.get("/v1/policies/532800?at=2026-06-01")).json()
    assert after["hash"] == before["hash"], "what is published already does not change"
    child = pack_text("xishuangbanna", version='"2"', effective_from=since)
    without_help = "\n".join(
        line for line in child.splitlines() if not line.startswith("help = { amount")
    )
    await publish(office, without_help)
    anew = (await office.get("/v1/policies/532800?at=2026-06-01")).json()
    assert anew["handle"]["help"]["amount"] == 6
    assert anew["handle"]["help"]["source"] == "default"
    assert anew["handle"]["help"]["inherited_from"] == "530000"


async def test_a_version_holds_from_its_day_on(office: httpx.AsyncClient) -> None:
    await publish(office, ziyang_2(since="2026-07-01"))
    for day, days in (("2022-01-01", 7), ("2026-06-30", 7), ("2026-07-01", 6)):
        pack = (await office.get(f"/v1/policies/512000?at={day}")).json()
        assert pack["handle"]["complaint"]["amount"] == days, day
    township = (await office.get("/v1/policies/512021101?at=2026-07-01")).json()
    assert township["code"] == "512000"
    assert (await office.get("/v1/policies/ziyang")).status_code == 422


async def test_all_versions_are_listed_page_by_page(office: httpx.AsyncClient) -> None:
    await publish(office, ziyang_2())
    whole = (await office.get("/v1/policies")).json()
    codes = [(item["code"], item["version"]) for item in whole["items"]]
    assert codes == sorted(codes)
    assert {code for code, _ in codes} == set(builtin_packs())
    seen: list[Any] = []
    path = "/v1/policies?limit=2"
    while path:
        page = (await office.get(path)).json()
        seen += page["items"]
        path = f"/v1/policies?limit=2&after={page['next']}" if page["next"] else ""
    assert seen == whole["items"]


async def test_only_an_administrator_of_the_place_publishes(harness: Harness, sla: Runtime) -> None:
    app, body = make_app(sla), {"file": "pack.toml", "text": ziyang_2()}
    for role, place, status in (
        (Role.OPERATOR, "512000", 403),
        (Role.ADMINISTRATOR, "620000", 403),
        (Role.ADMINISTRATOR, "512000", 201),
        (Role.ADMINISTRATOR, harness.settings.platform, 200),
    ):
        client = await harness.client(app, token(harness.settings, role, jurisdiction=place))
        assert (await client.post("/v1/policies", json=body)).status_code == status, place


async def test_the_built_in_packs_are_published_once_whoever_starts(
    sla: Runtime, harness: Harness, office: httpx.AsyncClient
) -> None:
    other = await harness.runtime(Service.SLA)
    await asyncio.gather(*(publish_builtin_packs(one) for one in (sla, other, sla)))
    said = await harness.said(sla)
    assert {event.subject for event in said} == set(builtin_packs())
    assert all(event.sequence == 1 for event in said)
    listed = (await office.get("/v1/policies")).json()["items"]
    assert all(item["published_at"] for item in listed)
    assert len(listed) == len(builtin_packs())


async def test_a_built_in_pack_is_not_put_over_an_operators_own(
    sla: Runtime, office: httpx.AsyncClient
) -> None:
    await publish(office, ziyang_2(since="2022-11-25"))
    await publish_builtin_packs(sla)
    pack = (await office.get("/v1/policies/512000?at=2026-01-01")).json()
    assert pack["version"] == "2"
