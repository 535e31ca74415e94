"""`hotline import tickets`: what it prints, how it ends, and a platform of its own."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner

from deploy.imports.command import imports
from deploy.imports.lines import open_csv
from deploy.imports.mapping import Plan, find_columns
from deploy.imports.platforms import in_process
from deploy.imports.sending import Patience, Sender, Totals, fetch_codes
from shared.events.words import Role, Service
from tests.harness import Harness, eventually, token
from tests.services.importing import CONSTANTS, MAPPED, make_intake, write


@pytest.fixture
async def app(harness: Harness) -> FastAPI:
    return await make_intake(harness, await harness.runtime(Service.INTAKE))


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The address of an app that answers HTTP meanwhile."""
    config = uvicorn.Config(app, port=0, lifespan="off", ws="none", log_level="error")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:

        async def is_listening() -> bool:
            return server.started

        await eventually(is_listening, what="listening")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def run(*words: str) -> tuple[int, str, str]:
    """The exit code, the output and the messages of `hotline import …`."""
    result = await asyncio.to_thread(CliRunner().invoke, imports, ["tickets", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def options(harness: Harness, url: str) -> list[str]:
    return [
        *("--jurisdiction", "512000", "--set", "type=help,channel=web"),
        *("--map", ",".join(f"{target}={column}" for target, column in MAPPED.items())),
        *("--url", url, "--token", token(harness.settings, Role.OPERATOR)),
    ]


async def test_the_command_counts_what_it_filed_and_ends_with_zero(
    tmp_path: Path, harness: Harness, app: FastAPI
) -> None:
    path = write(tmp_path, "1,,,内容,01", "2,,,内容,01")
    async with listening(app) as url:
        code, out, _ = await run(str(path), *options(harness, url), "--json")
        again = await run(str(path), *options(harness, url))
    figures = json.loads(out)
    assert figures.pop("seconds") >= 0
    assert (code, figures) == (0, {"lines": 2, "filed": 2, "existing": 0, "refused": 0})
    assert again[0] == 0
    assert "新登记 0 件，已有 2 件，未能登记 0 行" in again[1]


async def test_the_command_shows_the_first_refused_lines_and_reports_all(
    tmp_path: Path, harness: Harness, app: FastAPI
) -> None:
    path = write(tmp_path, *(f"{place},,,,01" for place in range(25)), "99,,,内容,01")
    report = tmp_path / "refused.csv"
    async with listening(app) as url:
        code, out, _ = await run(str(path), *options(harness, url), "--report", str(report))
    assert code == 1
    assert "第 2 行  content：缺少此项（missing）" in out
    assert out.count("缺少此项") == 20
    assert "共 25 处有误" in out
    assert "新登记 1 件，已有 0 件，未能登记 25 行" in out
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25
    assert rows[0] == {"line": "2", "field": "content", "code": "missing", "message": "缺少此项"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--map", "contents=detail"], "没有名为“contents”的项"),
        (["--map", "place.address=地址"], "没有“地址”列；有：row_in_att2、time"),
        (["--set", "urgency=hurry"], "urgency 不在允许的取值之内"),
        (["--jurisdiction", "110000"], "--jurisdiction 可用：512000"),
        (["--token", "nobody's"], "不认识这个令牌"),
        (["--url", "http://127.0.0.1:9"], "请先运行 hotline up"),
        (["--url", "localhost:8000"], "不是网址，例如 http://127.0.0.1:8000"),
        (["--report", "messages.csv"], "不能是要导入的文件本身"),
    ],
)
async def test_the_command_ends_with_two_where_it_cannot_begin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harness: Harness,
    app: FastAPI,
    words: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "1,,,内容,01")
    async with listening(app) as url:
        code, out, messages = await run("messages.csv", *options(harness, url), *words)
    assert (code, out) == (2, "")
    assert reason in messages


async def test_the_command_ends_with_two_for_a_file_that_is_not_there(harness: Harness) -> None:
    code, _, messages = await run("nothing.csv", *options(harness, "http://127.0.0.1:9"))
    assert code == 2
    assert "无法读取 nothing.csv" in messages


async def test_a_platform_of_its_own_has_dispatched_everything_before_it_closes(
    tmp_path: Path, harness: Harness
) -> None:
    path = write(tmp_path, *(f"{place},,,第 {place} 件,环境保护" for place in range(20)))
    async with in_process(harness.settings, "512000") as target:
        _, categories = await fetch_codes(target.client)
        with open_csv(path) as file:
            places = find_columns(MAPPED, file.header)
            plan = Plan("512000", path.stem, places, CONSTANTS, categories)
            sender = Sender(target.client, plan, Patience())
            await sender.send(file.rows(), lambda _: None)
        assert sender.totals == Totals(lines=20, filed=20)
        assert await target.settle() == 0
        page = await target.client.get("/v1/tickets", params={"state": "dispatched"})
        assert [one["unit"] for one in page.json()["items"]] == ["512000-02"] * 20
