"""A request is erased: nothing that anybody wrote about it is left in any table."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events.words import Role
from tests.harness import eventually
from tests.journeys.city import City
from tests.traces import traces

pytestmark = pytest.mark.parametrize("bus_settings", ["postgres"], indirect=True)
WORDS = {
    "title": "幸福里三单元",
    "content": "楼上每晚敲打墙面",
    "address": "幸福里东门",
    "name": "欧阳试验",
    "phone": "13800001234",
    "addition": "昨夜又敲到两点",
    "extension": "须等双方周五到场",
    "decision": "双方周五到场属实",
    "result": "双方签了安静协议",
    "more": "到三栋二单元当面调解",
    "landline": "028-26123456",
    "note": "回访时说已经安静",
    "comment": "态度很好谢谢张师傅",
    "file": "一段录音的文字稿",
}
AUDITED = {
    "intake": "ticket.erased",
    "dispatch": "unit.changed",
    "sla": "policy.published",
    "gateway": "audit.read",
}
REQUEST = {
    "jurisdiction": "512000",
    "type": "complaint",
    "title": f"{WORDS['title']}噪声",
    "content": f"{WORDS['content']}，请处理。",
    "channel": "phone",
    "channel_ref": "call-20260302-17",
    "category": "01",
    "place": {"address": WORDS["address"]},
    "caller": {"name": WORDS["name"], "phone": WORDS["phone"]},
}


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers={"Idempotency-Key": path[-30:]})
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


async def closed_ticket(city: City) -> str:
    """A ticket that went its whole way; its path."""
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    unit = await city.person(Role.UNIT, unit="512000-01")
    asker = await city.person(Role.FOLLOW_UP, jurisdiction="512000")
    supervisor = await city.person(Role.SUPERVISOR, jurisdiction="512000")
    path = f"/v1/tickets/{(await post(operator, '/v1/tickets', **REQUEST))['id']}"
    file = {"file": ("录音.txt", WORDS["file"].encode(), "text/plain")}
    attached = await operator.post(f"{path}/attachments", files=file)
    assert attached.is_success, attached.text
    await post(operator, f"{path}/reveal-caller", purpose="回电核实")
    await post(operator, "/v1/callers/history", phone=WORDS["phone"], purpose="来电核对")
    await post(operator, f"{path}/amend", addition=WORDS["addition"])
    await post(unit, f"{path}/sign")
    await post(unit, f"{path}/extend", working_days=2, reason=WORDS["extension"])
    told = {"extension": 1, "contact": f"电话说明：{WORDS['extension']}"}
    await post(unit, f"{path}/explain-extension", **told)
    granted = {"decision": "granted", "reason": WORDS["decision"]}
    await post(supervisor, f"{path}/decide-extension", **granted)
    reply = {
        "findings": WORDS["result"],
        "basis": "物业管理条例",
        "result": WORDS["result"],
        "contact": WORDS["landline"],
        "more": {"visit": WORDS["more"]},
        "checked_by": "YJ0201",
    }
    await post(unit, f"{path}/reply", **reply)
    await post(asker, f"{path}/follow-up", is_reached=True, is_solved=True, note=WORDS["note"])
    await post(asker, f"{path}/rate", result="satisfied", is_solved=True, comment=WORDS["comment"])
    return path


async def test_what_is_erased_is_found_nowhere_and_the_figures_stay(city: City) -> None:
    path = await closed_ticket(city)
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    security = await city.person(Role.SECURITY, jurisdiction="512000")
    url = city.settings.database_url

    async def is_closed() -> bool:
        return bool((await operator.get(path)).json()["state"] == "closed")

    async def is_told() -> bool:
        done = await security.post(f"{path}/erase", json={"reason": "诉求人书面申请 2026-017"})
        return done.is_success

    async def is_gone() -> bool:
        return await traces(url, WORDS.values()) == set()

    await eventually(is_closed)
    before = {one.partition(".")[0] for one in await traces(url, WORDS.values())}
    assert {"intake", "dispatch", "gateway"} <= before
    await eventually(is_told, what="the end of the ticket at intake")
    try:
        await eventually(is_gone)
    except AssertionError:
        assert await traces(url, WORDS.values()) == set()
    files = [one for one in Path(city.settings.attachment_store).rglob("*") if one.is_file()]
    assert [one for one in files if WORDS["file"] in one.read_text()] == []

    again = await post(security, f"{path}/erase", reason="再来一次")
    assert again["is_new"] is False
    kept = (await operator.get(path)).json()
    assert (kept["state"], kept["content"]) == ("closed", "（内容已删除）")
    assert kept["replies"][0]["more"] == {"visit": "（内容已删除）"}
    timeline = (await operator.get(f"{path}/timeline")).json()["items"]
    assert "ticket.replied" in [entry["event"] for entry in timeline]
    caller = (await operator.get(f"{path}/caller")).json()
    assert caller["phone"] is None
    auditor = await city.person(Role.AUDITOR, jurisdiction="512000")
    await auditor.get("/v1/audit/gateway")
    for service, action in AUDITED.items():
        query = {"action": action}
        page = (await auditor.get(f"/v1/audit/{service}", params=query)).json()
        assert {one["action"] for one in page["items"]} == {action}
    refused = await operator.post(f"{path}/erase", json={"reason": "不该可以"})
    assert refused.status_code == 403
