"""Calls come in, connection rates go out (A15), and seats have kinds (A17)."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.app import make_app
from services.intake.calls.rules import Call, rate, waited_seconds, wrong_call
from services.intake.consumer import handlers
from shared.calendars import BEIJING
from shared.events.dispatch import UnitChanged
from shared.events.intake import CallRecorded
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token

MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=BEIJING)
DAY = {"begin": "2026-11-20T00:00:00+08:00", "end": "2026-11-21T00:00:00+08:00"}


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


async def person(harness: Harness, intake: Runtime, role: Role, place: str) -> httpx.AsyncClient:
    bearer = token(harness.settings, role, jurisdiction=place)
    return await harness.client(make_app(intake), bearer)


@pytest.fixture
async def office(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    """The hotline office, which may do all of it."""
    return await person(harness, intake, Role.SUPERVISOR, "512000")


def call(ref: str, *, waits: int, talks: int | None = 60, **more: Any) -> dict[str, Any]:
    """A call that waits so many seconds, and is answered unless `talks` is none."""
    queued_at = more.pop("queued_at", MORNING)
    answered_at = queued_at + timedelta(seconds=waits)
    told = {"jurisdiction": "512000", "ref": ref, "queued_at": queued_at.isoformat()}
    if talks is None:
        return told | {"ended_at": answered_at.isoformat()} | more
    ended_at = answered_at + timedelta(seconds=talks)
    answered = {"answered_at": answered_at.isoformat(), "agent": "HW0107"}
    return told | answered | {"ended_at": ended_at.isoformat()} | more


async def bulk(client: httpx.AsyncClient, *lines: Any) -> list[dict[str, Any]]:
    told = [line if isinstance(line, bytes) else orjson.dumps(line) for line in lines]
    answer = await client.post("/v1/calls/bulk", content=b"\n".join(told))
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.text.splitlines()]


async def rates(client: httpx.AsyncClient, by: str, **more: str) -> dict[str, Any]:
    answer = await client.get("/v1/calls/rates", params={**DAY, "by": by, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_rate_is_answered_by_a_person_of_those_that_reached_a_queue(
    harness: Harness, intake: Runtime, office: httpx.AsyncClient
) -> None:
    """Twenty calls: 18 answered, one given up after 40 s, one hung up after 4 (pack: 5)."""
    answered = [call(f"a{number}", waits=10) for number in range(18)]
    given_up = call("b", waits=40, talks=None)
    quick = call("c", waits=4, talks=None)
    exactly = call("d", waits=5, talks=None)
    await bulk(office, *answered, given_up, quick, exactly)
    found = await rates(office, "seat_kind")
    assert (found["target"], found["source"]) == (0.95, "ZY 10")
    (one,) = found["items"]
    assert one["key"] == "call"
    assert (one["queued"], one["answered"], one["abandoned"]) == (21, 18, 2)
    assert (one["quick_hangups"], one["rate"], one["meets_target"]) == (1, 0.9, False)
    assert one["waited_seconds_average"] == round((18 * 10 + 40 + 5) / 20, 1)
    said = [event.data for event in await harness.said(intake)]
    assert [type(data) for data in said] == [CallRecorded] * 21
    assert sum(data.is_quick_hangup for data in said if isinstance(data, CallRecorded)) == 1


async def test_rates_are_told_apart_by_seat_subcenter_hour_and_day(
    office: httpx.AsyncClient,
) -> None:
    evening = MORNING + timedelta(hours=10)
    await bulk(
        office,
        call("1", waits=5),
        call("2", waits=9, talks=None, seat_kind="expert"),
        call("3", waits=5, subcenter="12329", queued_at=evening, is_three_way=True),
        call("4", waits=5, queued_at=evening + timedelta(days=1)),
    )
    told = {
        by: {one["key"]: one["queued"] for one in (await rates(office, by))["items"]}
        for by in ("seat_kind", "subcenter", "hour", "day")
    }
    assert told == {
        "seat_kind": {"call": 2, "expert": 1},
        "subcenter": {"": 2, "12329": 1},
        "hour": {"09": 2, "19": 1},
        "day": {"2026-11-20": 3},
    }
    (subcenter,) = [o for o in (await rates(office, "subcenter"))["items"] if o["key"]]
    assert (subcenter["three_way"], subcenter["meets_target"]) == (1, True)


async def test_a_call_told_twice_counts_once(
    harness: Harness, intake: Runtime, office: httpx.AsyncClient
) -> None:
    one = call("x", waits=8)
    first = await office.post("/v1/calls", json=one)
    again = await office.post("/v1/calls", json=one)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    lines = await bulk(office, one, call("y", waits=8), call("y", waits=8))
    assert [line["status"] for line in lines] == [200, 201, 200]
    assert lines[1]["id"] == lines[2]["id"]
    (item,) = (await rates(office, "seat_kind"))["items"]
    assert item["queued"] == 2
    assert len(await harness.said(intake)) == 2


async def test_a_wrong_line_is_told_by_its_number_and_the_rest_goes_on(
    office: httpx.AsyncClient,
) -> None:
    lines = await bulk(
        office,
        call("1", waits=8),
        b"{not json",
        call("2", waits=8, jurisdiction="532800"),
        b"",
        call("3", waits=8),
        call("4\x00", waits=8),
        call("5", waits=8) | {"queued_at": "0001-01-01T00:00:00+08:00"},
        call("6", waits=8) | {"queued_at": "1900-01-01T09:00:00+08:00"},
    )
    assert [(line["line"], line["status"]) for line in lines] == [
        *((1, 201), (2, 422), (3, 422), (5, 201), (6, 422), (7, 422), (8, 422)),
    ]
    assert [line["problem"]["errors"][0]["code"] for line in lines if line["status"] == 422] == [
        *("json_invalid", "not_yours", "string_pattern_mismatch", "out_of_range"),
        "too_long",
    ]
    (item,) = (await rates(office, "seat_kind"))["items"]
    assert item["queued"] == 2


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"ended_at": "2026-11-20T08:59:59+08:00"}, "ended_at", "before_queue"),
        ({"answered_at": "2026-11-20T08:59:00+08:00"}, "answered_at", "out_of_call"),
        ({"agent": None}, "agent", "missing"),
        ({"answered_at": None}, "agent", "not_answered"),
        ({"queued_at": "2026-11-20T09:00:00"}, "queued_at", "timezone_aware"),
        ({"queued_at": "0001-01-01T00:00:00+08:00"}, "queued_at", "out_of_range"),
        ({"ended_at": "2026-11-21T09:00:01+08:00"}, "ended_at", "too_long"),
        ({"agent": "HW\x00"}, "agent", "string_pattern_mismatch"),
        ({"subcenter": "\x00"}, "subcenter", "string_pattern_mismatch"),
        ({"seat_kind": "chair"}, "seat_kind", "enum"),
        ({"phone": "13800001234"}, "phone", "extra_forbidden"),
    ],
)
async def test_a_call_that_cannot_be_is_refused_with_its_field(
    office: httpx.AsyncClient, wrong: dict[str, Any], field: str, code: str
) -> None:
    answer = await office.post("/v1/calls", json=call("1", waits=8) | wrong)
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    assert (await rates(office, "seat_kind"))["items"] == []


async def test_who_may_not_ask_is_told_so(harness: Harness, intake: Runtime) -> None:
    editor = await person(harness, intake, Role.EDITOR, "512000")
    assert (await editor.post("/v1/calls", json=call("1", waits=1))).status_code == 403
    assert (await editor.get("/v1/calls/rates", params=DAY)).status_code == 403
    leader = await person(harness, intake, Role.LEADER, "512000")
    other = await leader.get("/v1/calls/rates", params={**DAY, "jurisdiction": "532800"})
    assert other.status_code == 404
    backwards = {"begin": DAY["end"], "end": DAY["begin"]}
    answer = await leader.get("/v1/calls/rates", params=backwards)
    assert answer.json()["errors"][0]["code"] == "before_begin"


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_rate_is_a_part_of_the_whole(answered: int, given_up: int, quick: int) -> None:
    found = rate(queued=answered + given_up + quick, answered=answered, quick_hangups=quick)
    assert (found is None) == (answered + given_up == 0)
    assert found is None or (0 <= found <= 1 and (found == 1) == (given_up == 0))


@given(st.integers(0, 600), st.integers(0, 600))
def test_a_caller_waits_until_answered_or_given_up(waits: int, talks: int) -> None:
    ends = MORNING + timedelta(seconds=waits)
    given_up = Call("512000", "1", MORNING, ends)
    answered = given_up._replace(
        answered_at=ends, ended_at=ends + timedelta(seconds=talks), agent="HW01"
    )
    assert waited_seconds(given_up) == waited_seconds(answered) == waits
    assert wrong_call(given_up) is wrong_call(answered) is None


async def put_seat(client: httpx.AsyncClient, number: str, **facts: Any) -> httpx.Response:
    return await client.put(f"/v1/seats/{number}", json={"jurisdiction": "512000"} | facts)


async def test_seats_have_kinds_and_experts_a_unit(
    harness: Harness, intake: Runtime, office: httpx.AsyncClient
) -> None:
    unit = UnitChanged(code="512000-tax", name="税务局", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(unit, "512000-tax"))
    assert (await put_seat(office, "HW0107", kind="call")).status_code == 200
    expert = await put_seat(office, "ZJ0001", kind="expert", unit="512000-tax")
    assert expert.json()["kind_name"] == "专家座席"
    for facts, field in (
        ({"kind": "expert"}, "unit"),
        ({"kind": "expert", "unit": "nobody"}, "unit"),
        ({"kind": "quality", "unit": "512000-tax"}, "unit"),
        ({"kind": "call", "subcenter": "99999"}, "subcenter"),
        ({"kind": "sofa"}, "kind"),
    ):
        answer = await put_seat(office, "HW0108", **facts)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await put_seat(office, "HW0107", kind="online")).json()["kind"] == "online"
    listed = (await office.get("/v1/seats")).json()["items"]
    assert [(one["number"], one["kind"]) for one in listed] == [
        *(("HW0107", "online"), ("ZJ0001", "expert")),
    ]
    page = (await office.get("/v1/seats", params={"limit": 1})).json()
    rest = await office.get("/v1/seats", params={"after": page["next"]})
    assert [one["number"] for one in rest.json()["items"]] == ["ZJ0001"]
    narrowed = await office.get("/v1/seats", params={"unit": "512000-tax", "kind": "expert"})
    assert [one["number"] for one in narrowed.json()["items"]] == ["ZJ0001"]


async def test_a_kept_seat_belongs_to_a_line_of_the_registry(
    harness: Harness, intake: Runtime
) -> None:
    gansu = await person(harness, intake, Role.ADMINISTRATOR, "620000")
    facts = {"jurisdiction": "620000", "kind": "call", "subcenter": "12366"}
    assert (await put_seat(gansu, "GS0001", **facts)).json()["subcenter"] == "12366"
    other = await put_seat(gansu, "ZY0001", kind="call")
    assert other.status_code == 404
    assert (await gansu.get("/v1/seats", params={"jurisdiction": "512000"})).status_code == 404
