"""Open311 GeoReport v2: what other sites file and read, in both forms."""

import asyncio
import importlib
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from services.gateway.open311.rules import Refused, asked_of, write
from shared.calendars import local
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.settings import Settings
from tests.harness import eventually
from tests.journeys.city import City, open_city
from tests.services.gateway_exchange import listening
from tests.services.open311_site import REQUEST, file, key_of, one, outside

NOW = datetime(2026, 9, 14, 8, tzinfo=UTC)


@pytest.fixture
async def city(settings: Settings) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        yield await open_city(settings, stack, Clock())


async def test_a_site_files_a_request_and_follows_it_until_the_reply(city: City) -> None:
    client, key = await outside(city), await key_of(city, "site")
    number = (await file(client, key))["service_request_id"]

    async def is_dispatched() -> bool:
        return (await one(client, key, number))["expected_datetime"] is not None

    await eventually(is_dispatched, what="a deadline")
    shown = await one(client, key, number)
    assert shown["status"] == "open"
    assert shown["agency_responsible"] == "市住房和城乡建设局"
    assert (shown["lat"], shown["long"]) == (30.128, 104.627)
    assert shown["address"] == REQUEST["address_string"]

    unit = await city.person(Role.UNIT, unit="512000-01")
    checker = await city.person(Role.UNIT, unit="512000-01", person="checker")
    (ticket,) = (await unit.get("/v1/tickets")).json()["items"]
    due = {d["step"]: d["due_at"] for d in ticket["deadlines"]}["handle"]
    assert datetime.fromisoformat(shown["expected_datetime"]) == datetime.fromisoformat(due)
    path = f"/v1/tickets/{ticket['id']}"
    assert (await unit.post(f"{path}/sign", json={})).is_success
    reply = {"findings": "井盖堵塞。", "basis": "《城市道路管理条例》", "result": "已疏通。"}
    answer = await unit.post(f"{path}/reply", json=reply | {"contact": "9月14日电话告知"})
    assert answer.is_success, answer.text
    answer = await checker.post(f"{path}/check-reply", json={"passed": True})
    assert answer.is_success, answer.text

    async def news() -> list[dict[str, Any]]:
        answer = await client.get("/servicerequestupdates.json", params={"api_key": key})
        found: list[dict[str, Any]] = answer.json()
        return found

    async def is_told() -> bool:
        return len(await news()) == 2

    await eventually(is_told, what="the reply as news")
    told = await news()
    assert [one["description"] for one in told] == [
        "已派至市住房和城乡建设局办理。",
        "已答复：已疏通。",
    ]
    assert {one["service_request_id"] for one in told} == {number}


async def test_xml_has_the_names_of_the_standard_and_nobody_s_identity(city: City) -> None:
    client, key = await outside(city), await key_of(city, "site")
    for path, root, item in (
        ("/services.xml", "services", "service"),
        ("/services/01.xml", "service_definition", "attributes"),
        ("/discovery.xml", "discovery", "endpoints"),
    ):
        answer = await client.get(path)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        tree = ET.fromstring(answer.content)  # noqa: S314  our own answer
        assert (tree.tag, tree.find(item) is not None) == (root, True)
    answer = await client.post("/requests.xml", data=REQUEST | {"api_key": key})
    tree = ET.fromstring(answer.content)  # noqa: S314  our own answer
    assert tree.tag == "service_requests"
    number = tree.findtext("request/service_request_id")
    shown = (await client.get(f"/requests/{number}.xml", params={"api_key": key})).text
    pool = city.platform.runtimes[Service.GATEWAY].database.pool
    (kept,) = await pool.fetch("SELECT r::text AS row FROM open311_requests r")
    for identity in (REQUEST["phone"], REQUEST["last_name"]):
        assert identity not in shown + kept["row"], "who asks stays in intake"


async def test_each_client_sees_its_own_alone(city: City) -> None:
    client = await outside(city)
    first, second = await key_of(city, "first"), await key_of(city, "second")
    number = (await file(client, first))["service_request_id"]
    for params in ({"api_key": second}, {"api_key": second, "service_request_id": number}):
        assert (await client.get("/requests.json", params=params)).json() == []
    answer = await client.get(f"/requests/{number}.json", params={"api_key": second})
    assert answer.status_code == 404
    answer = await client.post(
        "/servicerequestupdates.json",
        data={"api_key": second, "service_request_id": number, "description": "仍在积水"},
    )
    assert answer.status_code == 404


WRONG: tuple[tuple[dict[str, str], int], ...] = (
    ({"api_key": ""}, 403),
    ({"api_key": "wrong"}, 403),
    ({"service_code": "99"}, 404),
    ({"service_code": ""}, 404),
    ({"jurisdiction_id": "530000"}, 404),
    ({"description": ""}, 400),
    ({"description": "长" * 4001}, 400),
    ({"lat": "", "long": "", "address_string": ""}, 400),
    ({"lat": "30", "long": ""}, 400),
    ({"lat": "91"}, 400),
    ({"lat": "nan"}, 400),
    ({"attribute[type]": "praise"}, 400),
    ({"media_url": "photo.jpg"}, 400),
    ({"media_url": "javascript:alert(1)"}, 400),
    ({"address_id": "A\x00"}, 400),
)


async def test_a_wrong_request_is_refused_in_the_words_of_the_standard(city: City) -> None:
    client, key = await outside(city), await key_of(city, "site")
    for changed, status in WRONG:
        answer = await client.post("/requests.json", data=REQUEST | {"api_key": key} | changed)
        (error,) = answer.json()
        assert (answer.status_code, error["code"]) == (status, str(status)), (changed, error)
        assert error["description"]
    answer = await client.get("/requests.json", params={"api_key": key})
    assert answer.json() == []
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    assert (await operator.get("/v1/tickets")).json()["items"] == [], "what is refused is not filed"


async def test_a_site_has_a_rate_of_its_own(settings: Settings) -> None:
    slow = settings.model_copy(update={"role_rates": "online=1"})
    async with AsyncExitStack() as stack:
        city = await open_city(slow, stack, Clock())
        client, key = await outside(city), await key_of(city, "site")
        ask = partial(client.get, "/requests.json")
        answers = [await ask(params={"api_key": key}) for _ in range(8)]
        (refused, *_) = [answer for answer in answers if answer.status_code != 200]
        assert (refused.status_code, refused.json()[0]["code"]) == (429, "429")
        assert refused.headers["Retry-After"] == "1"
        other = await key_of(city, "other")
        assert (await ask(params={"api_key": other})).status_code == 200


async def test_an_addition_reaches_the_ticket_and_a_key_that_was_revoked_opens_nothing(
    city: City,
) -> None:
    client, key = await outside(city), await key_of(city, "site")
    number = (await file(client, key))["service_request_id"]
    told = {"api_key": key, "service_request_id": number, "description": "水已漫过路沿。"}
    answer = await client.post("/servicerequestupdates.json", data=told)
    assert answer.status_code == 200, answer.text
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")

    async def is_added() -> bool:
        items = (await operator.get("/v1/tickets")).json()["items"]
        if not items:
            return False
        timeline = (await operator.get(f"/v1/tickets/{items[0]['id']}/timeline")).json()["items"]
        return "水已漫过路沿。" in [entry["text"] for entry in timeline]

    await eventually(is_added, what="the addition")
    security = await city.person(Role.SECURITY, jurisdiction="000000")
    assert (await security.post("/v1/open311-keys/site/revoke", json={})).is_success
    answer = await client.get("/requests.json", params={"api_key": key})
    assert answer.status_code == 403


def test_no_answer_covers_more_than_ninety_days() -> None:
    asked = asked_of({}, now=NOW)
    assert asked.end - asked.begin == timedelta(days=90)
    long = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-01T00:00:01Z"}
    far = ({"start_date": "9999-12-31T00:00:00Z"}, {"end_date": "0001-01-01T00:00:00+14:00"})
    bad = ({"start_date": "2026-01-01"}, {"start_date": "x"}, {"page": "0"})
    for given in (long, *bad, *far, {"page_size": "0000000019999999"}):
        with pytest.raises(Refused) as refused:
            asked_of(given, now=NOW)
        assert refused.value.status == 400
    just = long | {"end_date": "2026-04-01T00:00:00Z"}
    assert asked_of(just, now=NOW).end - asked_of(just, now=NOW).begin == timedelta(days=90)


def test_what_xml_cannot_say_is_replaced() -> None:
    written = write("xml", "errors", [{"code": "400", "description": "坏\x00字<&>"}])
    assert ET.fromstring(written).findtext("error/description") == "坏\ufffd字<&>"  # noqa: S314


async def test_the_client_of_code_for_america_works_against_it(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its last release is of Python 2: this is all that it misses in ours.
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    client_of = importlib.import_module("three").Three
    key = await key_of(city, "site")
    async with listening(city.platform.app) as url:
        three = client_of(f"{url}/open311/v2", api_key=key, jurisdiction="512000")
        services = await asyncio.to_thread(three.services)
        assert "01" in [one["service_code"] for one in services]
        assert (await asyncio.to_thread(three.services, "01"))["service_code"] == "01"
        (filed,) = await asyncio.to_thread(
            partial(
                three.post, "01", address="建设西路", name="某某 欧阳", description="路面塌陷。"
            )
        )
        (shown,) = await asyncio.to_thread(
            partial(three.request, filed["service_request_id"], api_key=key)
        )
        assert shown["description"] == "路面塌陷。"
        today = local(datetime.now(UTC))
        first = f"{today - timedelta(days=1):%m-%d-%Y}"
        last = f"{today + timedelta(days=1):%m-%d-%Y}"
        listed = await asyncio.to_thread(
            partial(three.requests, between=[first, last], api_key=key, count=5)
        )
        assert [one["service_request_id"] for one in listed] == [filed["service_request_id"]]
        (refused,) = await asyncio.to_thread(partial(three.post, "99", address="建设西路"))
        assert refused["code"] == "404"
        three.session.close()
