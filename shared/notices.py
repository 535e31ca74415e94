"""Notices: what a unit, a caller or an office must learn by telephone or mail (YN 六(三)3).

A notice is written in the transaction of the act that it tells of, and sent afterwards, at least
once: whoever receives one twice knows it by its id. It names whom it is for by a code and never
holds a number or a name; the address is looked up when it is sent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from shared import telemetry
from shared.database import Connection
from shared.runtime import Runtime

LOOK_SECONDS = 1.0
FORGET_SECONDS = 600.0
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
UNREACHABLE = "no_address"
FAILURE_LENGTH_MAX = 100


class NoticeKind(StrEnum):
    """Whom a notice is for; `Notice.to` is that unit's, ticket's or jurisdiction's code."""

    UNIT = "unit"
    CALLER = "caller"
    OFFICE = "office"


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


class Notice(NamedTuple):
    """What is told to whom. `text` names the ticket by its number and repeats nothing of it."""

    kind: str
    to: str
    ticket_id: UUID | None
    template: str
    """What kind of notice this is, by the name of the event that it tells of."""
    text: str
    not_before: datetime | None = None
    """When it may be sent, where that is not at once (ZY 13.4, 35)."""


class Address(NamedTuple):
    """Where somebody is reached: `kind` is `phone` or `email`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that is being sent; the same id however often it is tried."""

    id: UUID
    kind: NoticeKind
    to: str
    ticket_id: UUID | None
    template: str
    text: str
    attempts: int


class NotSent(Exception):
    """It could not be sent. The message is a code and holds no address."""


class Unreachable(NotSent):
    """Nobody can be reached in a way that is set up: to try again changes nothing."""


Addresses = Mapping[UUID, Sequence[Address]]
"""Where each notice goes, by its id."""
Resolve = Callable[[Connection, Sequence[Claimed]], Awaitable[Addresses]]
"""Looks up where notices go, all at once."""


class Notifier(Protocol):
    """A way to send."""

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """Send one notice to all addresses that it can serve. Raises `NotSent`."""


# A notice of a ticket belongs to the ticket's place, others to their office's or unit's.
_PLACE = """CASE WHEN n.kind = 'office' THEN n.recipient
    ELSE coalesce(t.jurisdiction, u.jurisdiction) END"""
_JOINS = """LEFT JOIN tickets t ON t.id = n.ticket_id
LEFT JOIN units u ON n.kind = 'unit' AND u.code = n.recipient"""
_COLUMNS = "id, kind, recipient, ticket_id, template, text, jurisdiction, created_at, next_at"
INSERT = f"""INSERT INTO notices ({_COLUMNS})
SELECT n.id, n.kind, n.recipient, n.ticket_id, n.template, n.text, {_PLACE},
    coalesce($7, clock_timestamp()), greatest(n.not_before, coalesce($7, clock_timestamp()))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[],
    $8::timestamptz[])
AS n (id, kind, recipient, ticket_id, template, text, not_before)
{_JOINS}"""
INSERT_ONE = sql(f"""INSERT INTO notices ({_COLUMNS})
SELECT n.id, n.kind, n.recipient, n.ticket_id, n.template, n.text, {_PLACE}, n.at,
    greatest(n.not_before, n.at)
FROM (SELECT CAST(:id AS uuid) AS id, CAST(:kind AS text) AS kind, CAST(:to AS text) AS recipient,
    CAST(:ticket_id AS uuid) AS ticket_id, CAST(:template AS text) AS template,
    CAST(:text AS text) AS text, CAST(:at AS timestamptz) AS at,
    CAST(:not_before AS timestamptz) AS not_before) n
{_JOINS}""")
CLAIM = """SELECT id, kind, recipient, ticket_id, template, text, attempts FROM notices
WHERE state = 'waiting' AND next_at <= coalesce($1::timestamptz, clock_timestamp())
ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"""
SENT = """UPDATE notices SET state = 'sent', attempts = attempts + 1, failure = NULL,
    sent_at = coalesce($2::timestamptz, clock_timestamp()) WHERE id = ANY($1::uuid[])"""
FAILED = """UPDATE notices n SET attempts = n.attempts + 1, failure = f.failure,
    state = CASE WHEN f.is_last THEN 'dead' ELSE 'waiting' END,
    next_at = coalesce($5::timestamptz, clock_timestamp()) + f.delay
FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::interval[]) AS f (id, failure, is_last, delay)
WHERE n.id = f.id"""
FORGET = """DELETE FROM notices WHERE state = 'sent'
AND sent_at < coalesce($2::timestamptz, clock_timestamp()) - make_interval(days => $1)"""


def add_notice_tables(metadata: MetaData) -> Table:
    """The table of notices, in `metadata`'s schema, beside tables `tickets` and `units`."""
    moment = DateTime(timezone=True)
    notices = Table(
        "notices",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("recipient", Text, nullable=False),
        Column("ticket_id", Uuid, nullable=True),
        Column("template", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("jurisdiction", Text(collation="C"), nullable=True),
        Column("created_at", moment, nullable=False),
        Column("next_at", moment, nullable=False),
        Column("attempts", SmallInteger, nullable=False, server_default="0"),
        Column("state", Text, nullable=False, server_default="waiting"),
        Column("failure", Text, nullable=True),
        Column("sent_at", moment, nullable=True),
        Column("replayed_by", ARRAY(Text), nullable=False, server_default="{}"),
    )
    is_waiting, is_dead = notices.c.state == "waiting", notices.c.state == "dead"
    is_sent = notices.c.state == "sent"
    Index("notices_next", notices.c.next_at, notices.c.id, postgresql_where=is_waiting)
    Index("notices_dead", notices.c.id, postgresql_where=is_dead)
    Index("notices_sent", notices.c.sent_at, postgresql_where=is_sent)
    return notices


async def add_many(
    connection: Connection, notices: Sequence[Notice], *, at: datetime | None
) -> None:
    """Write notices in the connection's transaction; `at` none is the database's own time."""
    if notices:
        kinds, to, tickets, templates, texts, moments = zip(*notices, strict=True)
        ids = [uuid7() for _ in notices]
        columns = (ids, kinds, to, tickets, templates, texts)
        await connection.execute(INSERT, *columns, at, moments)


async def add(session: AsyncSession, *notices: Notice, at: datetime) -> None:
    """Write notices in the session's transaction."""
    if notices:
        rows = [notice._asdict() | {"id": uuid7(), "at": at} for notice in notices]
        await session.execute(INSERT_ONE, rows)


async def send_notices(runtime: Runtime, resolve: Resolve, notifier: Notifier) -> None:
    """Send what waits, for ever; any number of workers may."""
    forget_at = 0.0
    while True:
        if await send_batch(runtime, resolve, notifier) == 0:
            if time.monotonic() > forget_at:
                await forget_sent(runtime)
                forget_at = time.monotonic() + FORGET_SECONDS
            await asyncio.sleep(LOOK_SECONDS)


async def send_batch(runtime: Runtime, resolve: Resolve, notifier: Notifier) -> int:
    """Claim, send and mark in one transaction; return how many were tried.

    Whoever is killed between sending and marking leaves its notices free: they are sent again.
    """
    settings, now = runtime.settings, runtime.clock.stepped
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(CLAIM, now, settings.notice_batch_max)
        if not rows:
            return 0
        claimed = [_claimed(dict(row)) for row in rows]
        addresses = await resolve(connection, claimed)
        async with asyncio.TaskGroup() as group:
            sendings = [
                group.create_task(
                    _try(notifier, one, addresses.get(one.id, ()), settings.notice_timeout_seconds)
                )
                for one in claimed
            ]
        tried = [(one, sending.result()) for one, sending in zip(claimed, sendings, strict=True)]
        await connection.execute(SENT, [one.id for one, why in tried if why is None], now)
        failed = [
            (one.id, why, _is_last(one, why, settings.notice_attempts_max), delay_after(one))
            for one, why in tried
            if why is not None
        ]
        if failed:
            await connection.execute(FAILED, *zip(*failed, strict=True), now)
    for state, count in _counts(len(claimed), failed).items():
        telemetry.NOTICES.labels(runtime.service, state).inc(count)
    return len(claimed)


async def forget_sent(runtime: Runtime) -> None:
    """Delete what was sent long ago; the dead stay until somebody replays them."""
    days = runtime.settings.notice_retention_days
    await runtime.database.pool.execute(FORGET, days, runtime.clock.stepped)


def delay_after(notice: Claimed) -> timedelta:
    """How long a notice waits after one more failure: twice as long each time."""
    doubled: timedelta = FIRST_DELAY * 2 ** min(notice.attempts, 16)
    return min(doubled, LONGEST_DELAY)


async def _try(
    notifier: Notifier, notice: Claimed, addresses: Sequence[Address], seconds: float
) -> str | None:
    try:
        async with asyncio.timeout(seconds):
            await notifier.send(notice, addresses)
    except NotSent as error:
        return str(error)[:FAILURE_LENGTH_MAX]
    except TimeoutError:
        return "timeout"
    return None


def _is_last(notice: Claimed, failure: str, attempts_max: int) -> bool:
    return failure == UNREACHABLE or notice.attempts + 1 >= attempts_max


def _counts(claimed: int, failed: Sequence[tuple[UUID, str, bool, timedelta]]) -> dict[str, int]:
    dead = sum(is_last for _, _, is_last, _ in failed)
    return {"sent": claimed - len(failed), "failed": len(failed) - dead, "dead": dead}


def _claimed(row: Mapping[str, Any]) -> Claimed:
    return Claimed(
        row["id"],
        NoticeKind(row["kind"]),
        row["recipient"],
        row["ticket_id"],
        row["template"],
        row["text"],
        row["attempts"],
    )
