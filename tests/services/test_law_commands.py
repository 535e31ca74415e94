"""`hotline policy publish` and `hotline calendar load`, as an operator runs them."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.events.words import Service
from tests.harness import Harness
from tests.services.law_texts import pack_text, ziyang_2
from tests.services.sla_calendars import YEARS_END
from tests.services.sla_tickets import HOUR, Sla, created, dispatched, open_sla
from tests.unit.notices import NOTICE_2027


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs the command on the test's database."""

    folder: Path
    database_url: str

    async def hotline(self, *arguments: str) -> Done:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy", *arguments),
            env={**os.environ, "DATABASE_URL": self.database_url, "COLUMNS": "300"},
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    return Shell(tmp_path, database_url)


async def test_packs_are_published_from_files_parents_first(shell: Shell, harness: Harness) -> None:
    since = '{ value = 2026-05-01, source = "default" }'
    help_ = '{ amount = 6, unit = "working_days", source = "YN 9" }'
    parent = pack_text("yunnan", version='"2"', effective_from=since, help=help_)
    child = pack_text("xishuangbanna", version='"2"', effective_from=since)
    child = "\n".join(line for line in child.splitlines() if not line.startswith("help = { am"))
    files = (shell.file("a-child.toml", child), shell.file("b-parent.toml", parent))
    done = await shell.hotline("policy", "publish", *files)
    assert done.code == 0, done.err
    assert "云南省（530000）版本 2，2026-05-01 起施行：已发布" in done.out
    sla = await harness.runtime(Service.SLA)
    async with sla.database.pool.acquire() as connection:
        law = await sla.law_book.read(connection)
    assert law.versions["532800"][-1].handle.help.amount == 6
    said = [event for event in await harness.said(sla) if event.data.model_dump()["version"] == "2"]
    assert [event.subject for event in said] == ["530000", "532800"]
    again = await shell.hotline("policy", "publish", *files)
    assert (again.code, again.out.count("先前已发布，内容相同")) == (0, 2)


async def test_one_wrong_file_stops_all(shell: Shell, harness: Harness) -> None:
    wrong = ziyang_2().replace('unit = "hours"', 'unit = "fortnights"')
    files = (shell.file("right.toml", ziyang_2()), shell.file("wrong.toml", wrong))
    done = await shell.hotline("policy", "publish", *files)
    assert done.code == 1
    assert "wrong.toml：sign.unit：" in done.err
    assert "重新发布" in done.err
    assert await harness.said(await harness.runtime(Service.SLA)) == []


async def test_a_notice_is_loaded_and_says_how_many_moved(shell: Shell, harness: Harness) -> None:
    sla = await open_sla(harness, at=YEARS_END)
    await sla.hear(created(), YEARS_END)
    await sla.hear(dispatched(), YEARS_END + HOUR)
    done = await shell.hotline("calendar", "load", shell.file("notice.toml", NOTICE_2027))
    assert done.code == 0, done.err
    assert "公布年份 2027" in done.out
    assert "已调整 1 件未办结工单的时限。" in done.out
    assert await _handling(sla) == "2027-01-07T17:30"
    listed = await shell.hotline("calendar", "list")
    assert "国办发明电〔2026〕9号" in listed.out


async def test_a_wrong_notice_says_what_to_do(shell: Shell) -> None:
    text = NOTICE_2027.replace("2027-06-09", "2028-06-09")
    done = await shell.hotline("calendar", "load", shell.file("notice.toml", text))
    assert done.code == 1
    assert "notice.toml：" in done.err
    assert "重新载入" in done.err


async def _handling(sla: Sla) -> str:
    due_at = await sla.runtime.database.pool.fetchval(
        "SELECT due_at FROM deadlines WHERE step = 'handle'"
    )
    return f"{due_at.astimezone(YEARS_END.tzinfo):%Y-%m-%dT%H:%M}"
