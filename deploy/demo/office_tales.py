"""The hotline office's stories of the demo: abuse, levels, a unit's own system, calls, quality."""

from datetime import datetime, timedelta

from deploy.demo.people import police_of
from deploy.demo.stories import BANNA, HOME, TOURISM, Json, Stage, Story, matter
from deploy.demo.words import ANSWER, GUIDES, HAND_OVER, REFUSED, REPLY
from shared.events.words import Role


async def abuse(stage: Stage) -> Story:
    """Threats on the line: flagged with evidence, handed over by a document that another signs."""
    words = matter("要求立即答复", "一日来电四十次，辱骂威胁。", "13900010001", category="01")
    ticket = (await stage.file(**words))["id"]
    content = (b"ID3\x03\x00\x00\x00\x00\x00\x21" + bytes(64), "audio/mpeg")
    path = f"/v1/tickets/{ticket}/attachments?kind=recording"
    file = await stage.desk.upload(Role.OPERATOR, HOME, path, *content)
    evidence = [one["id"] for one in file["items"]]
    flag: Json = {
        "category": "threats",
        "text": "扬言上门伤害话务员",
        "evidence": evidence,
    }
    record = await stage.do(Role.OPERATOR, f"/v1/tickets/{ticket}/abuse", flag)
    yield stage.later(hours=2)
    notice: Json = {
        "kind": "judicial",
        "addressee": "资阳市公安局",
        "grounds": "多次威胁工作人员。",
    }
    path = "/v1/abuses/notices"
    draft = await stage.do(Role.SUPERVISOR, path, notice | {"abuses": [record["id"]]})
    await stage.do(Role.LEADER, f"/v1/abuses/notices/{draft['id']}/sign")


async def own_system(stage: Stage) -> Story:
    """A tourism complaint reaches its own system by the feed, and is answered by the same acts."""
    words = matter("购物退货", "跟团购买玉石，要求三十天内退货。", "13900011001", category="96301")
    ticket = (await stage.file(BANNA, **words))["id"]
    yield stage.later()
    feed = await stage.desk.get(Role.UNIT, TOURISM, "/v1/feeds/dispatches")
    assert [item["ticket_id"] for item in feed["items"]] == [ticket]
    await stage.unit(ticket, "sign", TOURISM)
    await stage.unit(ticket, "reply", TOURISM, **REPLY)


async def web_form(stage: Stage) -> Story:
    """Three of the web form, read after acceptance: out of scope, known, and a matter of 110."""
    question = GUIDES[0].question
    asked = []
    for text in (REFUSED["litigation"], question, REFUSED["emergency_110"]):
        words = matter(text.title, text.content, "13900013001")
        asked.append((await stage.file(**words, channel="web"))["id"])
    yield stage.later()
    path = "/v1/articles"
    found = await stage.desk.get(Role.OPERATOR, HOME, path, q=question.title)
    bodies: dict[str, Json] = {
        "refuse": {"ground": "litigation", "reason": "所附材料为已生效的判决"},
        "answer": ANSWER | {"article": found["items"][0]["id"]},
        "hand-over": HAND_OVER | {"unit": police_of(HOME)},
    }
    for ticket, (act, body) in zip(asked, bodies.items(), strict=True):
        await stage.do(Role.OPERATOR, f"/v1/tickets/{ticket}/{act}", body)
    yield stage.later()
    feed = await stage.desk.get(Role.UNIT, police_of(HOME), "/v1/feeds/dispatches")
    assert asked[-1] in [item["ticket_id"] for item in feed["items"]]


async def to_the_prefecture(stage: Stage) -> Story:
    """A matter of a prefecture that was filed with the province goes to its level."""
    words = matter("景区停车乱收费", "景洪市景区停车场乱收费。", "13900012001")
    ticket = (await stage.file("530000", **words))["id"]
    yield stage.later()
    body = {"to_jurisdiction": BANNA, "reason": "属西双版纳州管辖"}
    await stage.do(Role.OPERATOR, f"/v1/tickets/{ticket}/move", body, whose="530000")


async def telephone_exchange(stage: Stage) -> Story:
    """The telephone system tells a morning's calls; a day later tickets and calls are checked."""
    for number in range(30):
        queued = stage.at - timedelta(minutes=60 - number)
        answered = queued + timedelta(seconds=10)
        told = {"jurisdiction": HOME, "ref": f"demo-{number}", "queued_at": queued.isoformat()}
        if number % 15:
            told |= {"answered_at": answered.isoformat(), "agent": "HW0107"}
        ends = answered + timedelta(seconds=90)
        await stage.do(Role.OPERATOR, "/v1/calls", told | {"ended_at": ends.isoformat()})
    yield stage.later(days=1)
    lines = [{"code": "all", "text": "总评", "full_marks": 100}]
    for subject in ("ticket", "call"):
        form = {"jurisdiction": HOME, "subject": subject, "lines": lines}
        path = f"/v1/quality-forms/{subject}"
        await stage.desk.put(Role.SUPERVISOR, HOME, path, form)
    period = {"begin": _midnight(stage.at, days=-1), "end": _midnight(stage.at)}
    await stage.do(Role.SUPERVISOR, "/v1/quality-checks/sample", {"jurisdiction": HOME} | period)
    found = await stage.desk.get(Role.SUPERVISOR, HOME, "/v1/quality-checks")
    for check in found["items"]:
        body = {"form": check["subject"], "marks": {"all": 92}}
        await stage.do(Role.SUPERVISOR, f"/v1/quality-checks/{check['id']}/score", body)


def _midnight(at: datetime, *, days: int = 0) -> str:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=days)).isoformat()
