"""Closed for the time being: a report every 15 working days until the end (B8, ZY 13.3)."""

from tests.journeys.town import REPLY, Town


async def test_reports_are_due_until_the_reply(town: Town) -> None:
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")
    await town.until("2026-03-09 10:00")
    promise = {"next_step": "取证后作出处罚决定", "promised_at": "2026-05-29T17:30:00+08:00"}
    await town.post(
        town.unit, f"{path}/interim-close", progress="已立案", ground="case_filed", **promise
    )
    ledger = await town.get(town.supervisor, "/v1/tickets", state="interim_closed")
    assert [one["promised_at"] for one in ledger["items"]] == [promise["promised_at"]]
    assert await town.running(path) == {"progress": ("2026-03-30 17:30", "ZY 13.3")}

    await town.until("2026-03-27 10:00")
    await town.post(town.unit, f"{path}/progress", text="证据已取得", next_step="告知当事人")
    # Fifteen working days, without 清明 on Monday the 6th.
    assert await town.running(path) == {"progress": ("2026-04-20 17:30", "ZY 13.3")}

    await town.until("2026-04-27 10:00")  # nobody reported
    assert await town.overdue(path) == ["progress"]
    await town.post(town.unit, f"{path}/reply", **REPLY)
    await town.post(town.asker, f"{path}/follow-up", is_reached=True, is_solved=True)
    await town.post(town.asker, f"{path}/rate", result="satisfied", is_solved=True)
    assert (await town.get(town.asker, path))["state"] == "closed"

    await town.until("2026-07-01 10:00")
    steps = await town.steps(path)
    assert steps["handle"] == ["met"]
    assert steps["progress"][:2] == ["met", "overdue"]
    assert "running" not in steps["progress"]
    assert await town.running(path) == {}
    assert await town.overdue(path) == ["progress"]
