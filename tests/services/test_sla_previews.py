"""A preview counts by what was published: a calendar of one place, and a year's notice."""

from typing import Any

import httpx
import pytest

from services.sla.app import make_app
from shared.events.words import Role
from tests.harness import Harness, token
from tests.services.sla_tickets import MONDAY, Sla, open_sla
from tests.unit.notices import DAI_NEW_YEAR_2026, NOTICE_2027


@pytest.fixture
async def office(harness: Harness) -> httpx.AsyncClient:
    sla: Sla = await open_sla(harness, at=MONDAY)
    bearer = token(sla.harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    return await harness.client(make_app(sla.runtime), bearer)


async def preview(office: httpx.AsyncClient, place: str, accepted: str) -> dict[str, Any]:
    body = {"jurisdiction": place, "type": "help", "accepted_at": accepted}
    answer = await office.post("/v1/deadlines/preview", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["handle"]
    return found


async def load(office: httpx.AsyncClient, text: str) -> None:
    answer = await office.post("/v1/calendars", json={"file": "notice.toml", "text": text})
    assert answer.status_code == 201, answer.text


async def test_the_dai_new_year_moves_xishuangbanna_and_not_ziyang(
    office: httpx.AsyncClient,
) -> None:
    accepted = "2026-04-10T10:00+08:00"
    places = ("532800", "532801", "512000", "530000")
    before = [await preview(office, place, accepted) for place in places]
    await load(office, DAI_NEW_YEAR_2026)
    after = [await preview(office, place, accepted) for place in places]
    assert [one["due_at"][:10] for one in before] == [
        "2026-04-15",
        "2026-04-15",
        "2026-04-17",
        "2026-04-17",
    ]
    assert [one["due_at"][:10] for one in after[:2]] == ["2026-04-20", "2026-04-20"]
    assert after[2:] == before[2:]
    assert "04-13 至 04-16 泼水节放假；04-18 泼水节调休上班" in after[0]["explanation"]


async def test_a_notice_settles_what_was_provisional(office: httpx.AsyncClient) -> None:
    accepted = "2026-12-30T10:00+08:00"
    before = await preview(office, "512000", accepted)
    await load(office, NOTICE_2027)
    after = await preview(office, "512000", accepted)
    assert (before["due_at"][:10], before["provisional"]) == ("2027-01-06", True)
    assert (after["due_at"][:10], after["provisional"]) == ("2027-01-07", False)
    assert after["explanation"] == "2027-01-01 至 2027-01-03 元旦放假"


async def test_what_was_passed_on_to_the_province_has_its_own_time(
    office: httpx.AsyncClient,
) -> None:
    body = {"jurisdiction": "530000", "type": "help", "accepted_at": "2026-10-03T21:00+08:00"}
    answers = [
        await office.post("/v1/deadlines/preview", json=body | {"is_passed_on": given})
        for given in (False, True)
    ]
    own, passed_on = [answer.json()["dispatch"] for answer in answers]
    assert own["rule"] != passed_on["rule"]
    assert passed_on["due_at"] == "2026-10-04T10:00:00+08:00"
