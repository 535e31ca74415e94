"""Files become tickets of a real intake: bad lines, repeats, lost answers, the command."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from deploy.imports.lines import Refusal, open_csv
from deploy.imports.mapping import Plan, find_columns
from deploy.imports.sending import (
    BULK,
    CHUNK_LINES_MAX,
    Patience,
    Sender,
    Totals,
    Unreachable,
    fetch_codes,
)
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.importing import CONSTANTS, MAPPED, make_intake, write

MESSAGES = Path(__file__).parents[3] / "shared/data/messages_labelled.csv"
HASTY = Patience(attempts_max=3, delay_seconds=0.01)


class Flaky(httpx.AsyncBaseTransport):
    """A way to an app that goes wrong, in the order of `faults`, before it goes right."""

    def __init__(self, app: FastAPI, faults: Sequence[str]) -> None:
        self._inner = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._faults = list(faults)
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != BULK:
            return await self._inner.handle_async_request(request)
        self.asked += 1
        fault = self._faults.pop(0) if self._faults else ""
        if fault == "503":
            return httpx.Response(503)
        if fault == "500 beyond one line" and b"\n" in request.content:
            self._faults.insert(0, fault)
            return httpx.Response(500)
        answer = await self._inner.handle_async_request(request)
        if fault == "lost":
            await answer.aread()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        if fault == "cut":
            content = await answer.aread()
            return httpx.Response(200, content=content[: len(content) // 2])
        return answer


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def app(harness: Harness, runtime: Runtime) -> FastAPI:
    return await make_intake(harness, runtime)


@pytest.fixture
async def client(harness: Harness, app: FastAPI) -> httpx.AsyncClient:
    return await harness.client(app, token(harness.settings, Role.OPERATOR))


async def send(
    client: httpx.AsyncClient,
    path: Path,
    *,
    columns: dict[str, str] = MAPPED,
    constants: dict[str, str] = CONSTANTS,
) -> tuple[Totals, list[Refusal]]:
    """Import a file as the command does."""
    _, categories = await fetch_codes(client)
    with open_csv(path) as file:
        places = find_columns(columns, file.header)
        plan = Plan("512000", path.stem, places, constants, categories)
        sender = Sender(client, plan, HASTY)
        refusals: list[Refusal] = []
        await sender.send(file.rows(), refusals.extend)
    return sender.totals, refusals


async def count_tickets(runtime: Runtime) -> int:
    return int(await runtime.database.pool.fetchval("SELECT count(*) FROM tickets"))


async def test_a_line_becomes_a_ticket_with_all_that_was_mapped(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(tmp_path, "3,2019/12/30 17:06:14,,昨晚起停水。请处理,环境保护")
    totals, refusals = await send(client, path)
    assert (totals, refusals) == (Totals(lines=1, filed=1), [])
    row = await runtime.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert (row["title"], row["content"]) == ("昨晚起停水", "昨晚起停水。请处理")
    assert (row["external_id"], row["category"]) == ("messages:3", "02")
    assert (row["jurisdiction"], row["request_type"], row["channel"]) == ("512000", "help", "web")
    assert row["filed_at"].isoformat() == "2019-12-30T09:06:14+00:00"


async def test_the_caller_and_the_place_go_to_their_own_fields(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(tmp_path, "3,13800000000,幸福小区,停水,求助")
    columns = {
        "content": "detail",
        "caller.phone": "time",
        "place.address": "title",
        "type": "label",
    }
    totals, refusals = await send(client, path, columns=columns, constants={"channel": "phone"})
    assert (totals.filed, refusals) == (1, [])
    row = await runtime.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert row["caller_id"] is not None
    assert "幸福小区" in row["place"]


async def test_every_bad_line_is_named_with_its_reason_and_the_rest_goes_on(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(
        tmp_path,
        "1,2019/12/30 17:06:14,标题,内容,城乡建设",
        '2,,标题,"两行\n内容",01',
        "3,,标题,,城乡建设",
        "4,2019/2/30 10:00,标题,内容,城乡建设",
        "5,,标题,内容,没有的",
        "6,,标题,内容,其他",
        "7,,标题,内容",
        "8,,标题,内容,城乡建设,多",
        f"9,,{'长' * 201},内容,城乡建设",
        '10,,"标题,内容,城乡建设',
        "11,,标题,内容,城乡建设",
    )
    totals, refusals = await send(client, path)
    assert [(one.line, one.field, one.code) for one in refusals] == [
        (5, "content", "missing"),
        (6, "filed_at", "bad_time"),
        (7, "category", "unknown_category"),
        (8, "category", "unknown_category"),
        (9, "", "cells"),
        (10, "", "cells"),
        (11, "title", "string_too_long"),
        (12, "", "bad_csv"),
    ]
    assert "0101（其他，属城乡建设）、0201（其他，属环境保护）" in refusals[3].message
    assert refusals[6].message == "最多 200 个字"
    assert totals == Totals(lines=11, filed=3, refused=8)
    assert await count_tickets(runtime) == 3


async def test_a_field_within_the_caller_is_named_by_its_path(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    path = write(tmp_path, f"1,{'9' * 41},,内容,")
    _, refusals = await send(client, path, columns={"content": "detail", "caller.phone": "time"})
    assert [(one.line, one.field) for one in refusals] == [(2, "caller.phone")]


async def test_a_repeat_of_a_file_changes_nothing(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(tmp_path, *(f"{place},,,第 {place} 件,01" for place in range(5)))
    assert (await send(client, path))[0] == Totals(lines=5, filed=5)
    assert (await send(client, path))[0] == Totals(lines=5, existing=5)
    assert await count_tickets(runtime) == 5


async def test_the_same_number_in_another_file_is_another_ticket(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await send(client, write(tmp_path, "1,,,甲,01", name="a.csv"))
    totals, _ = await send(client, write(tmp_path, "1,,,乙,01", name="b.csv"))
    assert (totals.filed, await count_tickets(runtime)) == (1, 2)


@pytest.mark.parametrize("columns", [MAPPED, {"content": "detail"}], ids=["with ids", "without"])
@pytest.mark.parametrize("faults", [["503", "503"], ["lost", "cut"], ["lost", "503"]])
async def test_a_chunk_whose_answer_was_lost_is_sent_again_and_counts_once(
    tmp_path: Path,
    runtime: Runtime,
    client: httpx.AsyncClient,
    app: FastAPI,
    columns: dict[str, str],
    faults: list[str],
) -> None:
    path = write(tmp_path, *(f"{place},,,第 {place} 件,01" for place in range(5)))
    transport = Flaky(app, faults)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=client.headers
    ) as flaky:
        totals, refusals = await send(flaky, path, columns=columns)
    assert (totals, refusals) == (Totals(lines=5, filed=5), [])
    assert (transport.asked, await count_tickets(runtime)) == (3, 5)


async def test_a_platform_that_stays_away_ends_the_import_after_a_few_attempts(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient, app: FastAPI
) -> None:
    transport = Flaky(app, ["503"] * 10)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=client.headers
    ) as flaky:
        with pytest.raises(Unreachable, match="第 2 至 2 行发送 3 次没有成功（平台答复 503）"):
            await send(flaky, write(tmp_path, "1,,,内容,01"))
    assert (transport.asked, await count_tickets(runtime)) == (3, 0)


async def test_a_chunk_at_which_the_platform_breaks_goes_on_in_smaller_ones(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient, app: FastAPI
) -> None:
    path = write(tmp_path, *(f"{place},,,第 {place} 件,01" for place in range(5)))
    async with httpx.AsyncClient(
        transport=Flaky(app, ["500 beyond one line"] * 100),
        base_url="http://test",
        headers=client.headers,
    ) as flaky:
        totals, _ = await send(flaky, path)
    assert (totals, await count_tickets(runtime)) == (Totals(lines=5, filed=5), 5)


async def test_lines_without_an_id_are_filed_once_although_the_file_is_sent_twice(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    path = write(tmp_path, "1,,,同样的话,", "2,,,同样的话,")
    for _ in range(2):
        await send(client, path, columns={"content": "detail"})
    assert await count_tickets(runtime) == 2


async def test_a_file_longer_than_a_chunk_goes_in_several(
    tmp_path: Path, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    lines = [f"{place},,,第 {place} 件,01" for place in range(CHUNK_LINES_MAX * 2 + 1)]
    lines[CHUNK_LINES_MAX + 7] = "bad,line"
    totals, refusals = await send(client, write(tmp_path, *lines))
    assert [one.line for one in refusals] == [CHUNK_LINES_MAX + 9]
    assert (totals.filed, await count_tickets(runtime)) == (CHUNK_LINES_MAX * 2,) * 2


async def test_all_labelled_messages_are_filed_and_a_second_run_finds_them_all(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    if not MESSAGES.exists():
        pytest.skip(f"{MESSAGES} is absent: the labelled messages are not part of the project")
    assert await send(client, MESSAGES) == (Totals(lines=3_061, filed=3_061), [])
    assert await send(client, MESSAGES) == (Totals(lines=3_061, existing=3_061), [])
    assert await count_tickets(runtime) == 3_061
