"""One service with its neighbours absent: say events to it, call it, see what it says."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI

from shared.bus.protocol import Record
from shared.clock import Clock
from shared.events.catalogue import PAYLOADS
from shared.events.envelope import Event, Payload, encode, parse, read
from shared.events.words import Role, Service
from shared.inbox import Handlers, Inbox
from shared.runtime import Runtime, open_runtime, source_of
from shared.security import Principal, issue_token
from shared.settings import Settings
from shared.worker import make_inbox

LOOK_SECONDS_MIN, LOOK_SECONDS_MAX = 0.01, 0.2


async def eventually(
    check: Callable[[], Awaitable[bool]], *, seconds: float = 60, what: str = "it"
) -> None:
    """Wait until a condition holds; fail the test when it does not in time."""
    end, pause = time.monotonic() + seconds, LOOK_SECONDS_MIN
    while not await check():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LOOK_SECONDS_MAX)


def token(
    settings: Settings,
    role: Role,
    *,
    jurisdiction: str = "512000",
    unit: str | None = None,
    subject: str | None = None,
) -> str:
    """A bearer token for a test's person."""
    principal = Principal(subject or f"test-{role}-{unit or ''}", role, jurisdiction, unit)
    return issue_token(principal, settings.token_secret, lifetime=timedelta(hours=1))


@dataclass
class Harness:
    """Opens services on the test's database."""

    settings: Settings
    clock: Clock
    stack: AsyncExitStack
    _sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    _offset: int = 0

    async def runtime(self, service: Service) -> Runtime:
        """A service's runtime, closed at the test's end."""
        return await self.stack.enter_async_context(
            open_runtime(service, self.settings, self.clock)
        )

    async def client(self, app: FastAPI, bearer: str) -> httpx.AsyncClient:
        """A client of one app, in this process."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://test",
            headers={"Authorization": f"Bearer {bearer}"},
        )
        return await self.stack.enter_async_context(client)

    def event(
        self, payload: Payload, subject: str, *, time: datetime | None = None
    ) -> Event[Payload]:
        """The next event of a subject, as its producer would say it."""
        source = source_of(self.settings.platform, payload.said_by)
        sequence = self._sequences.get((source, subject), 0) + 1
        self._sequences[source, subject] = sequence
        return Event(source, subject, sequence, time or datetime.now(UTC), payload)

    async def hear(self, runtime: Runtime, handlers: Handlers, *events: Event[Payload]) -> None:
        """Let a service hear events, as its consumer would."""
        await self.hear_records(make_inbox(runtime, handlers), [self.record(e) for e in events])

    async def hear_records(self, inbox: Inbox, records: Sequence[Record]) -> None:
        """Hand records to an inbox."""
        await inbox.handle(records, now=self.clock.stepped)

    def record(self, event: Event[Payload]) -> Record:
        """An event as the bus would give it."""
        self._offset += 1
        return Record(event.data.topic, 0, self._offset, event.subject, encode(event))

    async def said(self, runtime: Runtime) -> list[Event[Payload]]:
        """What a service has said and not yet sent, in order."""
        rows = await runtime.database.pool.fetch("SELECT payload FROM outbox ORDER BY position")
        envelopes = [parse(row["payload"].encode()) for row in rows]
        return [read(envelope, PAYLOADS[envelope.type]) for envelope in envelopes]
