"""Returns: a late one counts as overdue, a precedent forbids one (B5, ZY 13.2, 13.5(5))."""

from shared.events.words import Role
from tests.journeys.town import FIRST, RETURN, THIRD, ZIYANG, Town


async def test_a_late_return_is_overdue_and_rejected(town: Town) -> None:
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")
    before = await town.running(path)

    await town.until("2026-03-04 10:00")  # the window ended on the 3rd at 17:30
    await town.post(town.unit, f"{path}/return", **RETURN)
    assert await town.running(path) == before
    await town.post(
        town.supervisor, f"{path}/decide-return", decision="rejected", reason="属你单位职责"
    )
    assert (await town.get(town.unit, path))["state"] == "signed"
    assert await town.running(path) == before == {"handle": ("2026-03-11 17:30", "ZY 13.2")}

    await town.until("2026-03-06 10:00")
    assert (await town.steps(path))["return"] == ["overdue"]
    assert await town.overdue(path) == ["return"]
    returns = await town.get(town.supervisor, f"/v1/units/{FIRST}/returns")
    assert returns == {"asked": 1, "granted": 0, "rejected": 1, "late": 1}


async def test_a_precedent_leads_to_its_unit_and_forbids_returning(town: Town) -> None:
    group = await town.city.person(Role.COORDINATION, jurisdiction=ZIYANG)
    lead = await town.city.person(Role.UNIT, unit=THIRD)
    disputed = await town.file()
    precedent = await town.post(
        group,
        "/v1/precedents",
        ticket_id=disputed.rpartition("/")[2],
        lead_unit=THIRD,
        category="01",
        jurisdiction=ZIYANG,
        document="市热线会商纪要〔2026〕3号",
    )

    alike = await town.file(title="又一处路面破损")
    shown = await town.get(lead, alike)
    assert (shown["unit"], shown["rule"]) == (THIRD, f"precedent:{precedent['id']}")
    refused = await town.refuse(lead, f"{alike}/return", **(RETURN | {"proposed_unit": FIRST}))
    assert refused["code"] == "precedent_binds"
    assert "ZY 13.5(5)" in refused["detail"]
    assert "市热线会商纪要〔2026〕3号" in refused["detail"]
    assert (await town.post(lead, f"{alike}/sign"))["state"] == "signed"
