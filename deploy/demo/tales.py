"""The stories of the demo, one function each; `STORIES` says when each begins."""

from collections.abc import Callable
from datetime import timedelta

from deploy.demo.office_tales import (
    abuse,
    own_system,
    telephone_exchange,
    to_the_prefecture,
    web_form,
)
from deploy.demo.stories import (
    BUILDING,
    DISSATISFIED,
    DRAFT,
    ENVIRONMENT,
    GOVERNMENT,
    HOME,
    LABOUR,
    ROADS,
    SATISFIED,
    Json,
    Stage,
    Story,
    matter,
)
from deploy.demo.words import REPLY
from shared.events.words import Role

RETURN = {
    "ground": "not_our_duty",
    "reason": "该路段由交通部门养护",
    "legal_basis": "公路法",
    "proposed_unit": ROADS,
}
HEAD = {"subject": f"trial-coordination-{HOME}", "capacity": "市政府副秘书长", "is_head": True}


async def outage(stage: Stage) -> Story:
    """Twelve callers, one outage: a master, one reply; one is split off, one redone alone."""
    asked = []
    for n in range(12):
        words = matter("片区停水", f"{n}号楼今早起停水。", f"1390000{n:04d}", category="01")
        asked.append((await stage.file(**words))["id"])
    main, alone, angry, *others = asked
    yield stage.later()
    members = [alone, angry, *others]
    body: Json = {"tickets": members, "reason": "同一片区同一次停水"}
    await stage.do(Role.OPERATOR, f"/v1/masters/{main}/link", body)
    yield stage.later()
    await stage.do(Role.OPERATOR, f"/v1/tickets/{alone}/split", {"reason": "户内水管破裂"})
    await stage.unit(main, "sign")
    yield stage.later(hours=2)
    await stage.unit(main, "reply", **REPLY)
    yield stage.later(hours=1)
    for ticket in (main, *others):
        await stage.rated(ticket, SATISFIED)
    await stage.rated(angry, DISSATISFIED)
    yield stage.later()
    await stage.seat(angry, "redo", reason="该户仍未恢复供水")
    yield stage.later(hours=3)
    await stage.unit(angry, "reply", **REPLY)
    yield stage.later()
    await stage.rated(angry, SATISFIED)


async def emergency(stage: Stage) -> Story:
    """02:00 on National Day: who is on duty responds within the hour; a fire goes to 119."""
    smell = matter("河面大片油污", "沱江取水口附近河面大片油污。", "13900002001", category="02")
    ticket = (await stage.file(**smell, urgency="critical"))["id"]
    handed = {"line": "119", "way": "three_way", "note": "现场有明火"}
    fire = matter("仓库起火", "仓库起火，现场有明火。", "13900002002", category="02")
    await stage.file(**fire, urgency="critical", handed_over=handed)
    yield stage.later(minutes=30)
    words = "应急人员已到场布设围油栏"
    await stage.unit(ticket, "respond", ENVIRONMENT, text=words)
    yield stage.later(hours=8)
    await stage.unit(ticket, "progress", ENVIRONMENT, text="油污已清除，水质恢复")
    yield stage.later(hours=1)
    await stage.unit(ticket, "reply", ENVIRONMENT, **REPLY)


async def again(stage: Stage) -> Story:
    """The same caller again: linked while open; terminated in the end, and answered so."""
    words = matter("噪声扰民", "楼下水泵房夜里有噪声。", "13900003001", category="02")
    first = (await stage.file(**words))["id"]
    yield stage.later()
    await stage.file(**words, repeats=first)
    yield stage.later()
    await stage.unit(first, "sign", ENVIRONMENT)
    await stage.unit(first, "reply", ENVIRONMENT, **REPLY)
    yield stage.later(hours=1)
    await stage.rated(first, SATISFIED)
    yield stage.later(hours=20)
    second = (await stage.file(**words, repeats=first))["id"]
    yield stage.later()
    await stage.unit(second, "sign", ENVIRONMENT)
    told = {
        "opinion": "两次监测均达标，事实清楚",
        "script": "经两次监测，噪声符合标准",
        "explanation": "已当面解释并送达监测报告",
    }
    await stage.unit(second, "terminate", ENVIRONMENT, **told, earlier=[first])
    yield stage.later(hours=5)
    await stage.file(**words, repeats=second)


async def three_units(stage: Stage) -> Story:
    """Three units and one lead: each has its own reply, the lead answers the caller."""
    words = matter("工地渣土撒漏", "工地渣土车撒漏，路面和雨水井都堵了。", "13900004001")
    ticket = (await stage.file(**words))["id"]
    yield stage.later()
    co_units = [ENVIRONMENT, ROADS]
    body: Json = {
        "unit": BUILDING,
        "co_units": co_units,
        "reason": "住建牵头，环境、交通配合",
    }
    await stage.do(Role.OPERATOR, f"/v1/tickets/{ticket}/dispatch", body)
    yield stage.later()
    await stage.unit(ticket, "sign")
    part = {"findings": "已核查", "basis": "本行业管理规定", "result": "已处理本单位部分"}
    for unit in co_units:
        await stage.unit(ticket, "co-sign", unit)
        await stage.unit(ticket, "co-reply", unit, **part)
    yield stage.later(hours=4)
    await stage.unit(ticket, "reply", **DRAFT)
    yield stage.later()
    path = f"/v1/tickets/{ticket}/check-reply"
    await stage.do(Role.UNIT, path, {"passed": True}, whose=BUILDING, person="reader")
    yield stage.later(hours=1)
    await stage.rated(ticket, SATISFIED)


async def dispute(stage: Stage) -> Story:
    """A return in dispute: the coordination group decides, and the decision binds."""
    words = matter("路灯不亮", "环城路路灯坏了，两家都说不归自己管。", "13900005001", category="01")
    ticket = (await stage.file(**words))["id"]
    yield stage.later()
    await stage.unit(ticket, "return", **RETURN)
    yield stage.later()
    reason = "两家单位均称非本单位职责"
    await stage.office(ticket, "decide-return", decision="coordination", reason=reason)
    found = await stage.desk.get(Role.SUPERVISOR, HOME, "/v1/cases", ticket_id=ticket)
    case = f"/v1/cases/{found['items'][0]['id']}"
    await stage.do(Role.SUPERVISOR, f"{case}/members", {"members": [HEAD]})
    yield stage.later(hours=3)
    decided: Json = {
        "lead_unit": BUILDING,
        "co_units": [ROADS],
        "opinion": "由住建牵头，交通配合",
    }
    await stage.do(Role.COORDINATION, f"{case}/sign", decided)
    await stage.do(Role.SUPERVISOR, f"{case}/decide", decided | {"is_precedent": False})
    yield stage.later()
    await stage.unit(ticket, "sign")
    await stage.unit(ticket, "co-sign", ROADS)
    part = {"findings": "已核查", "basis": "本行业管理规定", "result": "已配合修复"}
    letter = {"signed_by": "单位负责人", "is_sealed": True}
    own_letter = letter | {"attachment": await stage.attach(ticket, BUILDING, "letter")}
    yield stage.later()
    await stage.unit(ticket, "co-reply", ROADS, **part)
    await stage.unit(ticket, "reply", **REPLY, letter=own_letter)
    yield stage.later(hours=1)
    await stage.rated(ticket, SATISFIED)


async def screened(stage: Stage) -> Story:
    """Dissatisfied by what the law sets: the unit explains, a second person screens it."""
    words = matter("要求提高补偿", "对拆迁补偿标准不满意，要求提高。", "13900006001", category="01")
    ticket = (await stage.file(**words))["id"]
    yield stage.later()
    await stage.unit(ticket, "sign")
    await stage.unit(ticket, "reply", **REPLY)
    yield stage.later(hours=1)
    await stage.rated(ticket, DISSATISFIED)
    evidence = await stage.attach(ticket, BUILDING, "evidence")
    yield stage.later()
    told = {"cause": "policy_limits", "explanation": "补偿标准由省级文件规定，已当面解释"}
    await stage.unit(ticket, "screen", **told, evidence=[evidence])
    yield stage.later(hours=2)
    await stage.office(ticket, "decide-screening", is_granted=True, reason="政策规定，解释到位")


async def about_a_unit(stage: Stage) -> Story:
    """A complaint about a unit goes to its superior; the unit never sees it."""
    words = matter("窗口办事推诿", "社保窗口三次推诿不办。", "13900007001", category="05")
    ticket = (await stage.file(**words, about_unit=LABOUR))["id"]
    yield stage.later()
    await stage.unit(ticket, "sign", GOVERNMENT)
    yield stage.later(hours=5)
    await stage.unit(ticket, "reply", GOVERNMENT, **REPLY)


async def by_telephone(stage: Stage) -> Story:
    """A caller follows, adds, rates; and withdraws another request."""
    lift, door = [
        await stage.file(
            **matter(title, f"小区{title}，请尽快处理。", "13900008001", category="01")
        )
        for title in ("电梯困人", "门禁损坏")
    ]
    ticket, number, query_code = lift["id"], lift["number"], lift["query_code"]
    yield stage.later()
    await stage.desk.public(f"{number}/add", query_code, text="三单元的电梯")
    await stage.desk.public(f"{door['number']}/withdraw", door["query_code"], reason="已经修好")
    await stage.unit(ticket, "sign")
    yield stage.later(hours=3)
    await stage.unit(ticket, "reply", **REPLY)
    yield stage.later(hours=1)
    await stage.desk.public(f"{number}/rate", query_code, **SATISFIED)
    yield stage.later()
    result = {"title": "电梯困人的处理结果", "question": "电梯困人。", "answer": "已更换门机。"}
    made = await stage.unit(ticket, "publish", **result)
    path = f"/v1/publications/{made['id']}/check"
    await stage.do(Role.UNIT, path, {"is_passed": True}, whose=BUILDING, person="reader")


async def not_soon(stage: Stage) -> Story:
    """What cannot end soon: an extension, then an interim close with a report."""
    words = matter("房屋开裂", "隔壁施工致房屋开裂，要求鉴定。", "13900009001", category="01")
    ticket = (await stage.file(**words))["id"]
    yield stage.later()
    await stage.unit(ticket, "sign")
    await stage.unit(ticket, "extend", working_days=3, reason="须现场检测，情况复杂")
    await stage.unit(ticket, "explain-extension", extension=1, contact="当日上门说明须现场检测")
    yield stage.later(hours=2)
    await stage.office(ticket, "decide-extension", decision="granted", reason="情况属实")
    yield stage.later(hours=20)
    promised = (stage.at + timedelta(days=60)).isoformat()
    told = {"progress": "已委托检测机构", "next_step": "出具鉴定报告", "promised_at": promised}
    await stage.unit(ticket, "interim-close", **told)
    yield stage.later(days=1)
    await stage.unit(ticket, "progress", text="检测机构已进场", next_step="出具报告")


STORIES: dict[str, Callable[[Stage], Story]] = {
    "2026-09-21T09:10": outage,
    "2026-09-21T10:00": three_units,
    "2026-09-21T10:20": dispute,
    "2026-09-21T11:00": by_telephone,
    "2026-09-21T13:40": again,
    "2026-09-21T14:00": screened,
    "2026-09-21T14:20": about_a_unit,
    "2026-09-21T14:40": abuse,
    "2026-09-21T15:00": not_soon,
    "2026-09-21T15:20": own_system,
    "2026-09-21T15:40": to_the_prefecture,
    "2026-09-21T16:00": web_form,
    "2026-09-22T09:00": telephone_exchange,
    "2026-10-01T02:00": emergency,
}
"""When each begins, Beijing time; those that begin after a shorter simulation has ended do not."""
