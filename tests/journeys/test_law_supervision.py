"""The ladder: a reminder goes out by itself, what is above it when the right one signs (C5)."""

from shared.events.words import Role
from tests.journeys.town import SECOND, ZIYANG, Town


async def test_overdue_reminded_and_then_summoned(town: Town) -> None:
    group = await town.city.person(Role.COORDINATION, jurisdiction=ZIYANG)
    stranger = await town.city.person(Role.UNIT, unit=SECOND)
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")

    await town.until("2026-03-12 09:00")  # due on the 11th
    (reminder,) = (await town.get(town.unit, "/v1/orders"))["items"]
    assert (reminder["kind"], reminder["state"]) == ("reminder", "issued")
    assert reminder["number"] == "资热催〔2026〕1号"
    number = (await town.get(town.unit, path))["number"]
    text = (await town.unit.get(f"/v1/orders/{reminder['id']}/document")).text
    assert f"工单 {number}：" in text

    await town.until("2026-03-13 09:00")  # nor was that answered
    assert [one["kind"] for one in (await town.get(town.unit, "/v1/orders"))["items"]] == [
        "reminder"
    ]
    orders = (await town.get(town.supervisor, "/v1/orders", state="draft"))["items"]
    (summons,) = orders
    assert (summons["kind"], summons["number"]) == ("interview", None)
    assert (summons["rule"], summons["source"]) == ("reminder_unanswered", "ZY 25.3")

    at = f"/v1/orders/{summons['id']}"
    wrong = await town.refuse(town.supervisor, f"{at}/sign")
    assert wrong["status"] == 403
    assert "ZY 25" in wrong["detail"]
    signed = await town.post(group, f"{at}/sign")
    assert signed["number"] == "资热约〔2026〕1号"
    assert signed["due_at"] == "2026-03-20T17:30:00+08:00"

    await town.until("2026-03-23 09:00")
    late = (await town.get(town.supervisor, "/v1/orders", is_overdue=True))["items"]
    assert summons["id"] in [one["id"] for one in late]
    answered = await town.post(town.unit, f"{at}/answer", answer="已调整人员，本周办结")
    assert (answered["state"], answered["is_late"]) == ("answered", True)
    accepted = await town.post(group, f"{at}/accept")
    assert accepted["state"] == "accepted"
    assert [entry["act"] for entry in accepted["history"]] == [
        "draft",
        "sign",
        "expire",
        "answer",
        "accept",
    ]

    lines = [one["event"] for one in (await town.get(town.unit, f"{path}/timeline"))["items"]]
    assert [one for one in lines if one.startswith(("ticket.overdue", "order."))] == [
        *("ticket.overdue", "order.issued", "order.issued", "order.answered"),
    ]

    assert (await town.get(stranger, "/v1/orders"))["items"] == []
    assert (await stranger.get(at)).status_code == 404
    assert (await stranger.get(f"{at}/document")).status_code == 404
    document = (await town.unit.get(f"{at}/document")).text
    assert "资热约〔2026〕1号" in document
