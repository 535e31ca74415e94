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
        while self._waiting:
            group = self._take_group()
            await self._file_group(group)

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

    async def _file_group(self, group: list[_Waiting]) -> None:
        try:
            results = await file_together(
                self._runtime, self._vault, [waiting.filing for waiting in group]
            )
        except Exception as error:
            if len(group) > 1 and not is_transient(error):
                for waiting in group:
                    await self._file_group([waiting])
                return
            for waiting in group:
                if not waiting.answer.done():
                    waiting.answer.set_exception(Unavailable() if is_transient(error) else error)
            return
        for waiting, result in zip(group, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Problem):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)


async def file_together(
    runtime: Runtime, vault: Vault, filings: list[Filing]
) -> list[Filed | Problem]:
    """File requests that share no claim, in one transaction."""

    async def work(connection: Connection) -> list[Filed | Problem]:
        return await file_batch(
            connection, filings, source=runtime.source, vault=vault, now=runtime.clock.stepped
        )

    return await in_transaction(runtime, work)


async def in_transaction(runtime: Runtime, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do work in one transaction; again where another process files the same at that moment."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            async with runtime.database.pool.acquire() as connection, connection.transaction():
                return await work(connection)
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")
