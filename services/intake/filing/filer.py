"""Groups the requests that wait together: one transaction at a time, many requests in each."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from services.intake.filing.batch import file_batch
from services.intake.filing.requests import Filed, Filing
from services.intake.identity import Vault
from shared.database import Connection, is_transient
from shared.problems import Problem, StillRunning, Unavailable
from shared.runtime import Runtime

GROUP_MAX = 256
WAITING_MAX = 5_000
ATTEMPTS_MAX = 3
SIBLINGS_MIN = 4
GATHER_SECONDS = 0.005
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiting:
    filing: Filing
    answer: asyncio.Future[Filed]


class Filer:
    """Files requests for one process. Lives as long as its app."""

    def __init__(self, runtime: Runtime, vault: Vault) -> None:
        self._runtime = runtime
        self._vault = vault
        self._waiting: deque[_Waiting] = deque()
        self._running: set[tuple[str, ...]] = set()
        self._task: asyncio.Task[None] | None = None

    async def file(self, filing: Filing) -> Filed:
        """File one request and return its answer after the commit.

        Raises the problem that refused it, `StillRunning` while the same Idempotency-Key is on
        its way, `Unavailable` when too many wait or the database is gone.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable
        claim = filing.claims()[0] if filing.key is not None else None
        if claim in self._running:
            raise StillRunning
        if claim is not None:
            self._running.add(claim)
        try:
            waiting = _Waiting(filing, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run())
            return await waiting.answer
        finally:
            if claim is not None:
                self._running.discard(claim)

    async def _run(self) -> None:
        """One connection for as long as somebody waits: taking one anew costs a round trip."""
        while self._waiting:
            try:
                await self._vault.ready()
                async with self._runtime.database.pool.acquire() as connection:
                    await self._file_waiting(connection)
            except Exception as error:
                _fail(self._take_group(), error)

    async def _file_waiting(self, connection: Connection) -> None:
        siblings = 0
        while self._waiting and not connection.is_closed():
            if siblings >= SIBLINGS_MIN:
                # As PostgreSQL's commit_delay: where many file, a moment brings more together.
                await asyncio.sleep(GATHER_SECONDS)
            group = self._take_group()
            siblings = len(group)
            await self._file_group(connection, group)

    def _take_group(self) -> list[_Waiting]:
        """The next requests that share no claim; the others wait for the following group."""
        group, later = list[_Waiting](), list[_Waiting]()
        taken = set[tuple[str, ...]]()
        while self._waiting and len(group) < GROUP_MAX:
            waiting = self._waiting.popleft()
            claims = waiting.filing.claims()
            if any(claim in taken for claim in claims):
                later.append(waiting)
            else:
                taken.update(claims)
                group.append(waiting)
        self._waiting.extendleft(reversed(later))
        return group

    async def _file_group(self, connection: Connection, group: list[_Waiting]) -> None:
        try:
            results = await self._file_together(connection, [one.filing for one in group])
        except Exception as error:
            if len(group) > 1 and not is_transient(error):
                for waiting in group:
                    await self._file_group(connection, [waiting])
            else:
                _fail(group, error)
            return
        for waiting, result in zip(group, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Problem):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    async def _file_together(
        self, connection: Connection, filings: list[Filing]
    ) -> list[Filed | Problem]:
        async def work() -> list[Filed | Problem]:
            return await file_batch(
                connection,
                filings,
                source=self._runtime.source,
                vault=self._vault,
                law_book=self._runtime.law_book,
                now=self._runtime.clock.stepped,
            )

        return await again_where_crossed(work)


def _fail(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(Unavailable() if is_transient(error) else error)


async def again_where_crossed(work: Callable[[], Awaitable[T]]) -> T:
    """Do work that is all or none; again where another process files the same at that moment."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await work()
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")
