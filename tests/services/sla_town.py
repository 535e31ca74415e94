"""sla's real database and handlers, driven by a model of intake and dispatch, its neighbours."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import uvloop

from services.sla.consumer import handlers
from services.sla.handling.operations import take_turn
from services.sla.operations import lock_clocks, replace_deadlines
from services.sla.pauses import operations as pauses
from services.sla.questions.operations import ask_again, claim_due
from services.sla.rules import Start
from shared.bus.protocol import Record
from shared.clock import Clock
from shared.database import Connection
from shared.events.catalogue import PAYLOADS
from shared.events.envelope import Event, Payload, encode, parse, read
from shared.events.words import Role, Service
from shared.inbox import Heard, Inbox
from shared.lawbook import LawBook
from shared.policy.law import Law, make_law
from shared.policy.load import builtin_packs, dump_pack, pack_for, restore_pack
from shared.policy.model import Pack
from shared.runtime import Runtime, open_runtime
from shared.security import Principal
from shared.settings import Settings
from shared.worker import make_inbox
from tests.services.sla_owners import Ticket

LIMIT = 100_000
GROUND = "appraisal"
SUPERVISOR = Principal("supervisor", Role.SUPERVISOR, "000000")
SILENCE = timedelta(minutes=10)
STATES = {"running": "open", "asked": "open"}
OUTCOMES = """SELECT ticket_id, step, version, state, due_at FROM deadlines
WHERE ticket_id = ANY($1::uuid[])"""
TAKE = """WITH taken AS (DELETE FROM outbox RETURNING position, payload)
SELECT payload FROM taken ORDER BY position"""

T = TypeVar("T")


class Crash(ConnectionError):
    """The process died before its commit."""


class OneLaw(LawBook):
    """The built-in law and a pack that stops the clock; no table is read."""

    def __init__(self) -> None:
        super().__init__()
        self.pausing = pausing_pack()
        self.law = make_law([*builtin_packs().values(), self.pausing])

    async def read(self, connection: Connection, **_: Any) -> Law:
        return self.law

    async def read_in(self, session: Any, **_: Any) -> Law:
        return self.law


def pausing_pack() -> Pack:
    """Ziyang's pack with a ground for a pause, which no document has."""
    ground = {
        "code": GROUND,
        "text": "需要鉴定的，鉴定期间不计入办理时限",
        "steps": ["handle"],
        "source": "default",
    }
    return restore_pack(dump_pack(pack_for("512000")) | {"pauses": [ground], "version": "2"})


@dataclass
class Town:
    """One database for all runs; each run has tickets of its own."""

    loop: asyncio.AbstractEventLoop
    runtime: Runtime
    inbox: Inbox
    crashing: Inbox
    own: Connection
    """The test's, which costs less than one of the pool."""
    offset: int = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one piece of work to its end."""
        return self.loop.run_until_complete(work)

    @property
    def law(self) -> OneLaw:
        """The law of this town."""
        assert isinstance(self.runtime.law_book, OneLaw)
        return self.runtime.law_book

    def records(self, events: list[Event[Payload]]) -> list[Record]:
        """Events as the bus gives them; those of one batch may have been given before."""
        found = []
        for event in events:
            self.offset += 1
            found.append(Record("tickets", 0, self.offset, event.subject, encode(event)))
        return found

    async def deliver(self, events: list[Event[Payload]]) -> None:
        """Hand sla a batch."""
        await self.inbox.handle(self.records(events), now=self.runtime.clock.stepped)

    async def deliver_and_die(self, events: list[Event[Payload]]) -> None:
        """Hand sla a batch; it dies before its commit."""
        try:
            await self.crashing.handle(self.records(events), now=self.runtime.clock.stepped)
        except Crash:
            return
        raise AssertionError("it lived")

    async def look(self, *, dies: bool = False) -> int:
        """One worker's look."""
        return await self._transaction(self._claim, dies=dies)

    async def ask_again(self) -> int:
        """Silent owners are asked again."""
        return await self._transaction(self._ask_again, dies=False)

    async def replace(self, ticket: Ticket, start: Start, law_limit: str | None) -> None:
        """An extension, or a limit set by law."""
        async with self.runtime.database.pool.acquire() as connection, connection.transaction():
            await lock_clocks(connection, [ticket.id])
            await replace_deadlines(connection, [(ticket.id, start)])
            if law_limit is not None:
                sql = "UPDATE clocks SET law_limit = $2::jsonb WHERE ticket_id = $1"
                await connection.execute(sql, ticket.id, law_limit)

    async def pause(self, ticket: Ticket) -> None:
        """The hotline stops the clock."""
        async with self.runtime.database.sessions() as session, session.begin():
            turn = await take_turn(session, self.runtime, caller=SUPERVISOR, ticket_id=ticket.id)
            await pauses.pause(turn, ground=GROUND, reason="鉴定")

    async def resume(self, ticket: Ticket) -> None:
        """The hotline lets the clock run again."""
        async with self.runtime.database.sessions() as session, session.begin():
            turn = await take_turn(session, self.runtime, caller=SUPERVISOR, ticket_id=ticket.id)
            await pauses.resume(turn, reason="已出具意见")

    async def said(self) -> list[Event[Payload]]:
        """What sla has said since the last time."""
        rows = await self.own.fetch(TAKE)
        envelopes = [parse(row["payload"].encode()) for row in rows]
        return [read(envelope, PAYLOADS[envelope.type]) for envelope in envelopes]

    async def outcomes(self, tickets: list[Ticket]) -> dict[UUID, dict[str, tuple[str, datetime]]]:
        """What became of each version of each step, and when it was due."""
        rows = await self.own.fetch(OUTCOMES, [one.id for one in tickets])
        found: dict[UUID, dict[str, tuple[str, datetime]]] = {one.id: {} for one in tickets}
        for ticket_id, step, version, state, due_at in rows:
            found[ticket_id][f"{step} {version}"] = (STATES.get(state, state), due_at)
        return found

    async def _transaction(
        self, work: Callable[[Connection], Awaitable[int]], *, dies: bool
    ) -> int:
        pool = self.runtime.database.pool
        with suppress(Crash):
            async with pool.acquire() as connection, connection.transaction():
                done = await work(connection)
                _die_if(dies)
                return done
        return 0

    async def _claim(self, connection: Connection) -> int:
        now, source = self.runtime.clock.stepped, self.runtime.source
        return await claim_due(connection, source=source, now=now, limit=LIMIT)

    async def _ask_again(self, connection: Connection) -> int:
        now, source = self.runtime.clock.stepped, self.runtime.source
        return await ask_again(connection, source=source, now=now, silence=SILENCE, limit=LIMIT)


@contextmanager
def open_town(url: str, start: datetime) -> Iterator[Town]:
    """sla open on a migrated database, with a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack, law = AsyncExitStack(), OneLaw()
        settings = Settings(database_url=url)
        opening = stack.enter_async_context(open_runtime(Service.SLA, settings, Clock(start)))
        runtime = replace(runner.run(opening), law_book=law)
        own = runner.run(stack.enter_async_context(runtime.database.pool.acquire()))
        heard = handlers(runtime)
        dying = {payload: _dying(handler) for payload, handler in heard.items()}
        yield Town(
            loop=runner.get_loop(),
            runtime=runtime,
            inbox=make_inbox(runtime, heard),
            crashing=make_inbox(runtime, dying),
            own=own,
        )
        runner.run(stack.aclose())


def _die_if(dies: bool) -> None:
    if dies:
        raise Crash


def _dying(handler: Callable[[Heard, list[Any]], Awaitable[None]]) -> Any:
    async def handle(heard: Heard, events: list[Any]) -> None:
        await handler(heard, events)
        raise Crash

    return handle
