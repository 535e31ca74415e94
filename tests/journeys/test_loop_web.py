"""What comes by the web is read by a person afterwards: answered or refused at once (A3, A5)."""

from typing import Any

import httpx

from shared.events.words import Role
from tests.harness import eventually
from tests.journeys.town import ZIYANG, Town

FORM = {"jurisdiction": ZIYANG, "phone": "13800001234", "channel": "web"}


async def see(guest: httpx.AsyncClient, filed: dict[str, Any]) -> dict[str, Any]:
    """A request as its caller sees it."""
    code = {"Query-Code": filed["query_code"]}
    answer = await guest.get(f"/v1/public/tickets/{filed['number']}", headers=code)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_online_seat_answers_one_and_refuses_the_other(town: Town) -> None:
    online = await town.city.person(Role.ONLINE, jurisdiction=ZIYANG)
    editor = await town.city.person(Role.EDITOR, jurisdiction=ZIYANG)
    analyst = await town.city.person(Role.ANALYST, jurisdiction=ZIYANG)
    guest = await town.city.person(Role.OPERATOR)
    del guest.headers["Authorization"]
    article = await town.post(
        editor,
        "/v1/articles",
        jurisdiction=ZIYANG,
        unit=f"{ZIYANG}-05",
        title="居住证办理",
        body="凭身份证到户籍窗口办理居住证。",
    )
    await town.post(editor, f"/v1/articles/{article['id']}/publish")

    card = await town.post(guest, "/v1/public/tickets", **FORM, content="居住证怎么办？")
    court = await town.post(guest, "/v1/public/tickets", **FORM, content="不服法院判决。")
    told = "凭身份证到户籍窗口办理，免费。"
    answer = {"article": article["id"], "text": told}

    async def is_answered() -> bool:
        done = await online.post(f"/v1/tickets/{card['id']}/answer", json=answer)
        return done.is_success

    await eventually(is_answered, what="an article that dispatch heard of")
    refusal = {"ground": "litigation", "reason": "已有生效判决"}
    await town.post(online, f"/v1/tickets/{court['id']}/refuse", **refusal)
    answered, refused = await see(guest, card), await see(guest, court)
    assert (answered["state_name"], answered["steps"][-1]["text"]) == (
        "接诉即答",
        f"热线答复：{told}",
    )
    assert refused["state_name"] == "不予受理"
    assert "12368" in refused["steps"][-1]["text"], "the caller is told where to turn"
    await town.until("2026-04-01 10:00")
    for filed in (card, court):
        path = f"/v1/tickets/{filed['id']}"
        assert (await town.overdue(path), await town.running(path)) == ([], {})
    figures = (await town.get(analyst, "/v1/analytics/counts", by="state"))["items"]
    assert {one["state"]: one["count"] for one in figures} == {"answered": 1, "refused": 1}
