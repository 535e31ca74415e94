"""Closed tickets of another system are imported as history (C: no clock runs for them)."""

import csv
from itertools import islice
from pathlib import Path

import httpx
import pytest

from deploy.imports.lines import Refusal, open_csv
from deploy.imports.mapping import BadMapping, Plan, check_targets, find_columns
from deploy.imports.sending import Patience, Sender, Totals, fetch_codes
from services.sla import consumer as sla_consumer
from shared.events.intake import TicketRecorded
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.importing import CONSTANTS, make_intake

REPLIED = Path(__file__).parents[3] / "shared/data/messages_replied.csv"
ROWS = 300
COLUMNS = {
    "title": "title",
    "content": "detail",
    "filed_at": "time",
    "external_id": "msg_id",
    "closed_at": "reply_time",
    "result": "reply",
    "unit_name": "unit",
}
HEADER = "msg_id,time,title,detail,reply,reply_time,unit\n"


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def client(harness: Harness, runtime: Runtime) -> httpx.AsyncClient:
    app = await make_intake(harness, runtime)
    return await harness.client(app, token(harness.settings, Role.OPERATOR))


async def send(
    client: httpx.AsyncClient, path: Path, columns: dict[str, str]
) -> tuple[Totals, list[Refusal]]:
    """Import a file as the command does."""
    _, categories = await fetch_codes(client)
    check_targets(columns, CONSTANTS)
    with open_csv(path) as file:
        plan = Plan("512000", path.stem, find_columns(columns, file.header), CONSTANTS, categories)
        sender = Sender(client, plan, Patience())
        refusals: list[Refusal] = []
        await sender.send(file.rows(), refusals.extend)
    return sender.totals, refusals


def write(folder: Path, *lines: str) -> Path:
    path = folder / "past.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


async def test_a_line_with_a_closing_time_is_history_and_one_without_is_a_request(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(
        tmp_path,
        "1,2019/4/25 9:32:09,停水,内容,已修复,2019/5/10 14:56:53,住建局",
        "2,2019/4/25 9:32:09,停水,内容,,,",
        "3,2019/4/25 9:32:09,停水,内容,,2019/5/10,",
    )
    totals, refusals = await send(client, path, COLUMNS)
    assert (totals, refusals) == (Totals(lines=3, filed=3), [])
    rows = await runtime.database.pool.fetch(
        """SELECT state, result, unit_name, closed_at FROM tickets
        LEFT JOIN histories ON ticket_id = id ORDER BY external_id"""
    )
    assert [row["state"] for row in rows] == ["closed", "accepted", "closed"]
    assert (rows[0]["result"], rows[0]["unit_name"]) == ("已修复", "住建局")
    assert rows[0]["closed_at"].isoformat() == "2019-05-10T06:56:53+00:00"
    assert (rows[2]["result"], rows[2]["unit_name"]) == (None, None)
    assert (await send(client, path, COLUMNS))[0] == Totals(lines=3, existing=3)


async def test_a_bad_closing_time_is_named_by_its_line(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    path = write(
        tmp_path,
        "1,2019/4/25 9:32:09,停水,内容,,2019/2/30,",
        "2,2019/4/25 9:32:09,停水,内容,,2018/1/1,",
        "3,2019/4/25 9:32:09,停水,内容,,2099/1/1,",
        "4,2019/4/25 9:32:09,停水,内容,,2019/4/26,",
    )
    totals, refusals = await send(client, path, COLUMNS)
    assert [(one.line, one.field, one.code) for one in refusals] == [
        (2, "closed_at", "bad_time"),
        (3, "closed_at", "before_filing"),
        (4, "closed_at", "in_the_future"),
    ]
    assert totals == Totals(lines=4, filed=1, refused=3)


@pytest.mark.parametrize("target", ["result", "unit_name"])
def test_a_result_without_a_closing_time_is_not_mapped(target: str) -> None:
    with pytest.raises(BadMapping, match="closed_at"):
        check_targets({"content": "detail", target: "reply"}, CONSTANTS)


async def test_answered_messages_are_filed_as_history_and_sla_holds_no_clock_for_them(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient, harness: Harness
) -> None:
    if not REPLIED.exists():
        pytest.skip(f"{REPLIED} is absent: the answered messages are not part of the project")
    path = tmp_path / "slice.csv"
    with REPLIED.open(encoding="utf-8-sig", newline="") as file:
        rows = list(islice(csv.reader(file), ROWS + 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    columns = {target: column for target, column in COLUMNS.items() if target != "unit_name"}
    assert await send(client, path, columns) == (Totals(lines=ROWS, filed=ROWS), [])
    said = await harness.said(runtime)
    assert len(said) == ROWS
    assert {type(event.data) for event in said} == {TicketRecorded}
    sla = await harness.runtime(Service.SLA)
    await harness.hear(sla, sla_consumer.handlers(sla), *said)
    for table in ("clocks", "deadlines", "parked"):
        assert await sla.database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await send(client, path, columns) == (Totals(lines=ROWS, existing=ROWS), [])
