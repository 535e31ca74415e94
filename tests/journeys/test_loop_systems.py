"""Units with systems of their own: tourism complaints of Xishuangbanna, 12315 (XS annex, 五(二)).

They read what is theirs by one feed and answer by the same acts as everybody.
"""

from typing import Any

import httpx

from shared.events.words import Role
from tests.journeys.city import BOTH_BUSES
from tests.journeys.town import REPLY, Town

pytestmark = BOTH_BUSES

BANNA, TOURISM, MARKET = "532800", "532800-96301", "532800-12315"
FEED = "/v1/feeds/dispatches"


async def set_up(town: Town) -> None:
    """The prefecture's tourism complaint system and the market supervision's, as units."""
    for code, name, category in (
        (TOURISM, "旅游投诉和30天无理由退货系统", "tour"),
        (MARKET, "12315 平台", "market"),
    ):
        unit = {"name": name, "jurisdiction": BANNA, "duty_hours": "always", "has_system": True}
        rule = {"jurisdiction": BANNA, "category": category, "unit": code}
        put = town.administrator.put
        for path, body in ((f"/v1/units/{code}", unit), (f"/v1/duty-rules/{code}", rule)):
            answer = await put(path, json=body)
            assert answer.is_success, answer.text
        answer = await put(f"/v1/categories/{category}", json={"name": name})
        assert answer.is_success, answer.text
    await town.settle()


async def feed(system: httpx.AsyncClient, cursor: str | None = None) -> dict[str, Any]:
    answer = await system.get(FEED, params={"after": cursor} if cursor else {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_tourism_complaint_goes_to_its_system_and_comes_back_answered(town: Town) -> None:
    await set_up(town)
    operator = await town.city.person(Role.OPERATOR, jurisdiction=BANNA)
    filed = await town.post(
        operator,
        "/v1/tickets",
        jurisdiction=BANNA,
        type="complaint",
        title="购物退货",
        content="跟团购买玉石，三十天内要求无理由退货，商家拒绝。",
        channel="phone",
        category="tour",
        caller={"name": "刀某", "phone": "13988001234"},
    )
    tourism = await town.city.person(Role.UNIT, unit=TOURISM)
    market = await town.city.person(Role.UNIT, unit=MARKET)

    page = await feed(tourism)
    (item,) = page["items"]
    assert (item["event"], item["ticket_id"]) == ("ticket.dispatched", filed["id"])
    assert "无理由退货" in item["ticket"]["content"]
    assert "13988001234" not in str(page)
    assert "刀" not in str(page)
    assert (await feed(market))["items"] == [], "each sees its own alone"

    # Its system answers by the same acts, and may send each again.
    path = f"/v1/tickets/{filed['id']}"
    for act, body in (("sign", {}), ("reply", REPLY)):
        answers = [
            await tourism.post(
                f"{path}/{act}", json=body, headers={"Idempotency-Key": f"{item['id']}-{act}"}
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
        assert answers[0].json() == answers[1].json()
        await town.settle()
    assert (await market.post(f"{path}/sign", json={})).status_code == 404

    shown = await town.get(operator, path)
    assert (shown["state"], len(shown["replies"])) == ("replied", 1)
    later = await feed(tourism, page["cursor"])
    assert [one["event"] for one in later["items"]] == ["ticket.signed", "ticket.replied"]
