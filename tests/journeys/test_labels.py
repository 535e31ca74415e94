"""A sensitive ticket is for those who handle it, until its label is changed with a reason (F9)."""

import pytest

from shared.events.words import Role
from tests.journeys.town import REPLY, ZIYANG, Town

POSTGRES = pytest.mark.parametrize("bus_settings", ["postgres"], indirect=True)
CALLER = {"name": "诉求人", "phone": "13800000000"}


@POSTGRES
async def test_a_sensitive_ticket_is_for_those_who_handle_it(town: Town) -> None:
    path = await town.file(secrecy="sensitive", caller=CALLER)
    colleague = await town.city.person(Role.OPERATOR, jurisdiction=ZIYANG, person="another")
    await town.settle()

    # Its unit and the hotline office see it with its label; a colleague of the place does not.
    for person in (town.unit, town.supervisor):
        shown = await town.get(person, path)
        assert (shown["secrecy"], shown["secrecy_name"]) == ("sensitive", "敏感")
        assert (await town.get(person, f"{path}/deadlines"))["items"]
    for place in ("", "/timeline", "/deadlines", "/caller", "/repeats"):
        assert (await colleague.get(f"{path}{place}")).status_code == 404, place
    assert (await town.get(colleague, "/v1/tickets"))["items"] == []
    assert (await colleague.post(f"{path}/amend", json={"addition": "补充"})).status_code == 404
    looked = {"phone": CALLER["phone"], "purpose": "核对"}
    assert (await town.post(colleague, "/v1/callers/history", **looked))["items"] == []

    # Who filed it still reaches its caller.
    assert (await town.operator.get(f"{path}/caller")).status_code == 200
    assert (await town.post(town.operator, "/v1/callers/history", **looked))["items"]

    # The label is corrected with a reason, and everybody of the place sees the ticket.
    unreasoned = await town.refuse(town.supervisor, f"{path}/amend", secrecy="internal")
    assert unreasoned["errors"][0]["field"] == "reason"
    await town.post(town.supervisor, f"{path}/amend", secrecy="internal", reason="已脱敏")
    assert (await town.get(colleague, path))["secrecy"] == "internal"
    assert (await town.get(colleague, f"{path}/deadlines"))["items"]


@POSTGRES
async def test_the_result_of_an_internal_ticket_is_never_public(town: Town) -> None:
    path = await town.file(secrecy="internal", caller=CALLER)
    await town.post(town.unit, f"{path}/sign")
    await town.post(town.unit, f"{path}/reply", **REPLY)
    rated = {"result": "satisfied", "hotline": "satisfied", "contact": "satisfied"}
    await town.post(town.asker, f"{path}/rate", **rated, is_solved=True)
    wording = {"title": "路面破损", "question": "路面破损。", "answer": "已修复。"}
    refused = await town.refuse(town.unit, f"{path}/publish", **wording)
    assert "内部" in refused["detail"]
