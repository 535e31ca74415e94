"""Emergencies from the first word to the result, and what belongs to other lines (A6)."""

import time

import orjson

from services.intake.channels.rules import sign
from shared.events.words import Role, Service
from tests.harness import eventually
from tests.journeys.town import FIRST, REPLY, REQUEST, ZIYANG, Town

COUNTY, POLICE = "512002", "512000-110"
SECRET = "the-secret-of-the-110-platform"
NUMBERS = {"contacts": [{"name": "总值班室", "phone": "028-26110000"}]}
BURST = REQUEST | {
    "type": "help",
    "urgency": "critical",
    "title": "燃气泄漏",
    "content": "建设路燃气管道破裂，气味很浓，住户正在撤离。",
    "place": {"address": "建设路", "division": COUNTY},
}
SENT = "SELECT count(*) FROM notices WHERE kind = 'office' AND state = 'sent'"


async def test_an_emergency_at_two_in_the_night_of_national_day(town: Town) -> None:
    for place in (ZIYANG, COUNTY):
        put = await town.administrator.put(f"/v1/jurisdictions/{place}/contacts", json=NUMBERS)
        assert put.is_success, put.text
    await town.until("2026-10-01 02:00")
    waiting = await town.file(category=None)

    filed = await town.post(town.operator, "/v1/tickets", **BURST)
    path = f"/v1/tickets/{filed['id']}"
    assert filed["deadlines"][0]["due_at"] == "2026-10-01T02:15:00+08:00"
    [report] = (await town.get(town.operator, f"{path}/report-emergency"))["items"]
    assert (report["offices"], report["reported_by"]) == ([ZIYANG, COUNTY], "platform")
    assert report["reported_at"] == "2026-10-01T02:00:00+08:00"
    intake = town.city.platform.runtimes[Service.INTAKE].database.pool

    async def are_told() -> bool:
        return int(await intake.fetchval(SENT)) == 2

    await eventually(are_told, what="telling the governments")

    shown = await town.get(town.supervisor, path)
    assert (shown["state"], shown["unit"]) == ("dispatched", FIRST)
    assert (await town.get(town.supervisor, waiting))["state"] == "accepted"
    running = await town.running(path)
    assert running["respond"] == running["sign"] == ("2026-10-01 03:00", "ZY 13.4")

    await town.until("2026-10-01 02:40")
    await town.post(town.unit, f"{path}/respond", text="抢修人员已到场，阀门已关闭")
    further = "现场已控制，无人员伤亡。"
    await town.post(town.operator, f"{path}/report-emergency", text=further)
    await town.until("2026-10-01 20:00")
    await town.post(town.unit, f"{path}/progress", text="管道已更换，正在试压")
    await town.until("2026-10-08 10:00")
    await town.post(town.unit, f"{path}/reply", **REPLY)
    await town.until("2026-10-16 10:00")
    steps = await town.steps(path)
    met = {step: steps[step] for step in ("dispatch", "sign", "respond", "result", "handle")}
    assert set(map(tuple, met.values())) == {("met",)}
    assert await town.overdue(path) == []


async def test_a_fire_is_handed_to_119_and_no_unit_gets_it(town: Town) -> None:
    hand = {"line": "119", "way": "three_way", "note": "消防已接警"}
    filed = await town.post(town.operator, "/v1/tickets", **BURST, handed_over=hand)
    assert (filed["state"], filed["deadlines"]) == ("handed_over", [])
    path = f"/v1/tickets/{filed['id']}"
    shown = await town.get(town.supervisor, path)
    assert (shown["state"], shown["unit"]) == ("handed_over", None)
    reports = (await town.get(town.operator, f"{path}/report-emergency"))["items"]
    assert len(reports) == 1, "the government is told all the same"
    await town.until("2026-03-20 10:00")
    assert await town.overdue(path) == []
    dispatching = {"unit": FIRST, "reason": "x"}
    await town.refuse(town.operator, f"{path}/dispatch", **dispatching)


async def test_what_is_no_emergency_comes_back_from_110_as_a_ticket(town: Town) -> None:
    source = {"name": "110 报警服务台", "channel": "system", "jurisdiction": ZIYANG}
    put = await town.administrator.put(
        "/v1/inbound-sources/police-110", json=source | {"secret": SECRET}
    )
    assert put.is_success, put.text
    police = await town.city.person(Role.OPERATOR)
    del police.headers["Authorization"]
    body = orjson.dumps({"ref": "JJ-1", "text": "路灯不亮，非警务事项。", "category": "01"})
    timestamp = str(int(time.time()))
    headers = {"X-Timestamp": timestamp, "X-Signature": sign(SECRET.encode(), timestamp, body)}
    pushed = await police.post("/v1/inbound/system/police-110", content=body, headers=headers)
    assert pushed.status_code == 201, pushed.text
    await town.settle()
    path = f"/v1/tickets/{pushed.json()['id']}"
    shown = await town.get(town.unit, path)
    assert (shown["state"], shown["unit"]) == ("dispatched", FIRST)
    await town.post(town.unit, f"{path}/sign")
    replied = await town.post(town.unit, f"{path}/reply", **REPLY)
    assert replied["state"] == "replied"


async def test_what_is_110s_goes_to_its_platform_as_a_ticket(town: Town) -> None:
    unit = {"name": "110 指挥平台", "jurisdiction": ZIYANG, "has_system": True}
    put = await town.administrator.put(f"/v1/units/{POLICE}", json=unit)
    assert put.is_success, put.text
    await town.settle()
    police = await town.city.person(Role.UNIT, unit=POLICE)
    hand = {"line": "110", "way": "ticket", "note": "邻里斗殴，已电话告知指挥中心"}
    at_once = await town.post(
        town.operator, "/v1/tickets", **REQUEST, handed_over=hand | {"unit": POLICE}
    )
    unread = await town.file(channel="web", category=None)
    await town.refuse(town.operator, f"{unread}/hand-over", **hand)
    done = await town.post(town.operator, f"{unread}/hand-over", **hand, unit=POLICE)
    assert (done["state"], done["unit"]) == ("handed_over", POLICE)
    items = (await town.get(police, "/v1/feeds/dispatches"))["items"]
    assert [one["event"] for one in items] == ["ticket.handed_over", "ticket.concluded"]
    assert items[0]["ticket_id"] == at_once["id"]
    for item in items:
        assert item["ticket"]["content"] == REQUEST["content"]
        assert (await town.get(police, f"/v1/tickets/{item['ticket_id']}"))["unit"] == POLICE
    assert await town.overdue(unread) == []
