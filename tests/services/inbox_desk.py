"""An inbox at work: handlers that note what they did, and fail where a test says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shared.bus.protocol import Record, TopicPartition
from shared.events.envelope import Event, Payload, encode
from shared.events.intake import TicketAmended, TicketWithdrawalRequested
from shared.inbox import Handlers, Heard, Inbox
from shared.runtime import Runtime

INTAKE = "/530000/intake"
SLA = "/530000/sla"


class Poison(Exception):
    """What a broken event does to a handler."""


@dataclass
class Desk:
    """An inbox whose handlers note what they did in `effects`, and fail where a test says."""

    frame: Runtime
    failures: dict[tuple[str, int], Exception] = field(default_factory=dict)
    hook: Callable[[Heard], Awaitable[None]] | None = None
    batches: list[list[tuple[str, int]]] = field(default_factory=list)
    next_offset: int = 0
    words: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inbox = self.new_inbox()

    def new_inbox(self) -> Inbox:
        """Another worker's inbox of the same service."""
        handlers: Handlers = {
            TicketAmended: self.handle,
            TicketWithdrawalRequested: self.handle,
        }
        return Inbox(
            self.frame.database.pool,
            handlers,
            service=self.frame.service,
            source=self.frame.source,
            parked_in_a_row_max=self.frame.settings.parked_in_a_row_max,
        )

    async def handle(self, heard: Heard, events: list[Event[Any]]) -> None:
        """One kind of event, each subject at most once."""
        subjects = [event.subject for event in events]
        assert len(subjects) == len(set(subjects))
        self.batches.append([(event.subject, event.sequence) for event in events])
        for event in events:
            self.words[event.subject] = getattr(event.data, "addition", None)
            failure = self.failures.get((event.subject, event.sequence))
            if failure is not None:
                raise failure
        if self.hook is not None:
            await self.hook(heard)
        await heard.connection.executemany(
            "INSERT INTO effects (subject, source, sequence, type) VALUES ($1, $2, $3, $4)",
            [(event.subject, event.source, event.sequence, event.data.type) for event in events],
        )

    async def hear(self, *records: Record) -> None:
        """The next records of partition 0, whatever offsets they carry."""
        numbered = []
        for record in records:
            numbered.append(replace(record, offset=self.next_offset))
            self.next_offset += 1
        await self.inbox.handle(numbered, now=None)

    async def effects(self, subject: str) -> list[int]:
        """The sequences that had their effect on a subject, in that order."""
        rows = await self.frame.database.pool.fetch(
            "SELECT sequence FROM effects WHERE subject = $1 ORDER BY position", subject
        )
        return [row["sequence"] for row in rows]

    async def parked(self, key: str) -> list[tuple[str, str]]:
        """Reason and detail of a key's parked events, in order."""
        rows = await self.frame.database.pool.fetch(
            "SELECT reason, detail FROM parked WHERE key = $1 ORDER BY position", key
        )
        return [(row["reason"], row["detail"]) for row in rows]

    async def reasons(self, key: str) -> list[str]:
        """Why a key's events are parked, in order."""
        return [reason for reason, _ in await self.parked(key)]

    async def replay(self, key: str, *, accept_gap: bool = False) -> int:
        """As `hotline parked replay` does."""
        return await self.inbox.replay(key, now=None, accept_gap=accept_gap)

    async def offset(self) -> int | None:
        """The next offset of partition 0."""
        return (await self.inbox.load_offsets()).get(TopicPartition("tickets", 0))


def said(subject: str, sequence: int, *, source: str = INTAKE, wish: bool = False) -> Record:
    """An event of a subject as the bus gives it."""
    data: Payload = (
        TicketWithdrawalRequested(reason="已自行解决")
        if wish
        else TicketAmended(addition="补充", request_type="complaint")
    )
    event = Event(source, subject, sequence, datetime(2026, 7, 1, 9, tzinfo=UTC), data)
    return Record("tickets", 0, 0, subject, encode(event))
