"""Intake's acts through the door of a whole platform, its neighbours present."""

import json
from pathlib import Path
from typing import Any

import httpx

from deploy.imports.lines import open_csv
from deploy.imports.mapping import Plan, find_columns
from deploy.imports.platforms import in_process
from deploy.imports.sending import Patience, Sender, Totals, fetch_codes
from deploy.trial import trial_token
from shared.events.words import Role
from tests.harness import Harness, eventually
from tests.services.importing import CONSTANTS

UNIT = "512000-02"
ASK = {
    "jurisdiction": "512000",
    "type": "help",
    "content": "河水发黑，请核实。",
    "channel": "phone",
    "category": "02",
    "verify": {"unit": UNIT, "question": "是否属于你单位职责？"},
}
LINES = ("1,2019/12/30 17:06:14,停水,内容,已修复", "2,,停水,内容,")
COLUMNS = {"content": "detail", "external_id": "id", "closed_at": "closed", "result": "result"}


async def _state(client: httpx.AsyncClient, ticket: str) -> str | None:
    answer = await client.get(f"/v1/tickets/{ticket}")
    return str(answer.json()["state"]) if answer.is_success else None


async def test_a_question_an_amendment_and_history_go_through_the_door(
    tmp_path: Path, harness: Harness
) -> None:
    unit = {"Authorization": f"Bearer {trial_token(harness.settings, Role.UNIT, unit=UNIT)}"}
    async with in_process(harness.settings, "512000") as target:
        client = target.client

        async def is_asked() -> bool:
            return (await client.post("/v1/tickets", json=ASK)).status_code == 201

        await eventually(is_asked, what="hearing of the unit")
        [item] = (await client.get("/v1/verifications", headers=unit)).json()["items"]
        ticket = item["id"]
        assert await _state(client, ticket) is None, "dispatch knows nothing of it yet"
        assert await target.settle() == 0, "what is being verified is not on its way"
        body: dict[str, Any] = {"is_in_scope": True, "opinion": "属于"}
        verified = await client.post(f"/v1/tickets/{ticket}/verify", json=body, headers=unit)
        assert verified.json()["state"] == "accepted"

        async def is_dispatched() -> bool:
            return await _state(client, ticket) == "dispatched"

        await eventually(is_dispatched, what="dispatching")
        amended = await client.post(f"/v1/tickets/{ticket}/amend", json={"addition": "有异味"})
        assert amended.status_code == 200, amended.text
        for path in ("/v1/scope", "/v1/hotlines"):
            answer = await client.get(path, params={"jurisdiction": "532800"})
            assert answer.json()["items"]
        await _import_history(target.client, tmp_path)
        assert await target.settle() == 0
        page = await client.get("/v1/tickets", params={"state": "closed"})
        [past] = page.json()["items"]
        assert past["unit"] is None
        deadlines = (await client.get(f"/v1/tickets/{past['id']}/deadlines")).json()
        assert "due_at" not in json.dumps(deadlines), "no clock runs for history"


async def _import_history(client: httpx.AsyncClient, folder: Path) -> None:
    path = folder / "past.csv"
    path.write_text("\n".join(("id,closed,title,detail,result", *LINES)), encoding="utf-8")
    _, categories = await fetch_codes(client)
    with open_csv(path) as file:
        columns = find_columns(COLUMNS, file.header)
        plan = Plan("512000", path.stem, columns, CONSTANTS, categories)
        sender = Sender(client, plan, Patience())
        await sender.send(file.rows(), lambda _: None)
    assert sender.totals == Totals(lines=2, filed=2)
