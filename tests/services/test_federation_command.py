"""`hotline federation`: what it shows, and what a person decides with it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from deploy.federation import federation
from tests.services.exchange_messages import CITY, DAY, acts, line
from tests.services.gateway_exchange import Pair, open_pair, said


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


@pytest.fixture
def of_city(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", pair[0].runtime.settings.database_url)
    monkeypatch.setenv("PLATFORM", CITY)
    monkeypatch.setenv("COLUMNS", "200")


async def run(*words: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, federation, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.usefixtures("of_city")
async def test_status_and_reconcile_say_how_it_stands(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, *acts(ticket, 3))
    await city.send_all(province)
    await city.tell(province, *acts(ticket, 2, first=4))
    await province.runtime.database.pool.execute("DELETE FROM received_messages")
    code, shown = await run("reconcile", "--day", str(DAY.date()))
    assert (code, "已自动补发" in shown) == (0, True)
    code, shown = await run("status")
    assert code == 0
    for words in (province.code, "上级平台", " 5 ", "正常", "已自动补发"):
        assert words in shown, shown
    province.weather.is_cut = True
    code, shown = await run("reconcile", "--peer", province.code, "--day", str(DAY.date()))
    assert (code, "未能应答" in shown) == (1, True)


@pytest.mark.usefixtures("of_city")
async def test_what_was_set_aside_is_listed_and_dropped(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    lines = [line(ticket, n, **{"from": province.code, "to": CITY}) for n in (1, 2)]
    # A parent has no tickets to report to its city.
    await province.post(city, lines)
    code, shown = await run("set-aside", "list")
    assert (code, ticket in shown) == (0, True)
    (first, *_) = await city.fetch("SELECT id FROM set_aside WHERE reason IS NOT NULL")
    code, shown = await run("set-aside", "replay", str(first["id"]))
    assert (code, "仍无法处理" in shown) == (1, True)
    for _ in lines:
        (row, *_) = await city.fetch("SELECT id FROM set_aside WHERE reason IS NOT NULL")
        code, _ = await run("set-aside", "drop", str(row["id"]))
        assert code == 0
    assert await city.count("set_aside") == 0
    assert await city.count("audit WHERE by = 'console' AND action = 'message.dropped'") == 2
    assert await said(city) == {}


@pytest.mark.usefixtures("of_city")
async def test_what_was_refused_is_listed_and_tried_again(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.post(province, [line(ticket, 1)])
    await city.tell(province, *acts(ticket, 2))
    await city.send_all(province)
    code, shown = await run("refused", "list")
    assert (code, ticket in shown, "sequence_reused" in shown) == (0, True, True)
    assert (await run("refused", "retry", province.code, ticket))[0] == 0
    assert (await run("refused", "retry", province.code, ticket))[0] == 1


@pytest.mark.usefixtures("of_city")
async def test_what_was_left_out_is_listed_and_fetched_again(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.runtime.database.pool.execute(
        "INSERT INTO files_in (ticket_id, origin_attachment, peer, kind, media_type, bytes, sha256,"
        " state, problem, left_out_at) VALUES ($1, gen_random_uuid(), $2, 'letter', '[/b]/png', 7,"
        " repeat('0', 64), 'left_out', '来源平台没有给出该附件的内容', now())",
        *(ticket, province.code),
    )
    code, shown = await run("files")
    assert code == 0
    for words in (ticket, province.code, "签字盖章函件 [/b]/png", "没有给出"):
        assert words in shown, shown
    for _ in range(2):
        assert await run("fetch", ticket) == (0, "该工单有 1 个附件等候接收。\n")
    assert ticket not in (await run("files"))[1]
    assert (await run("fetch", str(uuid4())))[0] == 1
