"""The recompute after a notice: one pass in pieces, whoever is killed, whoever helps (C6)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from services.sla.calendars.operations import load_calendar
from services.sla.calendars.recompute import recompute, recompute_piece
from services.sla.policies.rules import File
from tests.harness import Harness
from tests.services.sla_calendars import YEARS_END, due, everything, handled, load
from tests.services.sla_tickets import HOUR, Sla, open_sla
from tests.unit.notices import NOTICE_2027

BREAK = """CREATE FUNCTION sla.break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.ticket_id = '{ticket}' THEN RAISE EXCEPTION 'killed'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER break_off BEFORE UPDATE ON sla.deadlines
FOR EACH ROW EXECUTE FUNCTION sla.break_off()"""


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness, at=YEARS_END)


async def _many(sla: Sla) -> Sequence[UUID]:
    return [await handled(sla, YEARS_END + hour * HOUR) for hour in range(7)]


async def _begin(sla: Sla) -> None:
    async with sla.runtime.database.sessions() as session, session.begin():
        file = File("notice.toml", NOTICE_2027)
        await load_calendar(session, sla.runtime, file, by="test")


async def _go_on(sla: Sla, *, limit: int) -> None:
    while await recompute_piece(sla.runtime, limit=limit):
        pass


async def test_a_pass_that_is_killed_goes_on_where_it_was(sla: Sla) -> None:
    tickets = await _many(sla)
    await _begin(sla)
    before = await everything(sla)
    first = await recompute_piece(sla.runtime, limit=4)
    assert first is not None
    assert not first.is_finished
    pool = sla.runtime.database.pool
    open_ones = sorted(row["ticket_id"] for row in before if row["due_at"].year == 2027)
    await pool.execute(BREAK.format(ticket=open_ones[-2]))
    with pytest.raises(asyncpg.RaiseError, match="killed"):
        await _go_on(sla, limit=4)
    halfway = {await due(sla, ticket) for ticket in tickets}
    assert halfway == {"01-06 17:30", "01-07 17:30"}
    await pool.execute("DROP TRIGGER break_off ON sla.deadlines")
    assert await recompute(sla.runtime)
    assert {await due(sla, ticket) for ticket in tickets} == {"01-07 17:30"}
    assert await pool.fetchval("SELECT moved FROM recomputes") == len(tickets)
    assert await recompute_piece(sla.runtime) is None, "nothing is left to do"


async def test_workers_who_recompute_at_once_share_the_work(sla: Sla) -> None:
    tickets = await _many(sla)
    await _begin(sla)
    await asyncio.gather(*(_go_on(sla, limit=3) for _ in range(4)))
    assert {await due(sla, ticket) for ticket in tickets} == {"01-07 17:30"}
    moved = await sla.runtime.database.pool.fetchval("SELECT moved FROM recomputes")
    assert moved == len(tickets)


async def test_who_works_by_the_old_law_is_waited_for(sla: Sla) -> None:
    runtime = sla.runtime
    async with runtime.database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await runtime.law_book.read(connection)
        loading = asyncio.create_task(load(sla, NOTICE_2027))
        done, _ = await asyncio.wait([loading], timeout=0.3)
        assert not done, "it would miss what this transaction is about to write"
        await transaction.commit()
    assert (await loading)["moved"] == 0
