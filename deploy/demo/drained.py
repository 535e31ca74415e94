"""Whether all that was said was heard: only then may a simulated clock move on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from deploy import registry
from deploy.platform import Platform
from shared.database import plain_url
from shared.events.words import Service
from shared.parked import WAITING
from shared.worker import heard_topics

POLL_SECONDS = 0.003
DRAIN_SECONDS_MAX = 60.0


class NotDrained(Exception):
    """What was said was not heard in time; the text says what waits."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at all six schemas and the bus in one statement, on a connection of its own."""

    platform: Platform
    statement: Any

    async def drained(self) -> tuple[list[str], datetime | None]:
        """What still waits (nothing: drained), and when the clock of sla must look next."""
        now = self.platform.runtimes[Service.SLA].clock.stepped
        row = await self.statement.fetchrow(now)
        return [name for name in WAITS if row[name]], row["next_at"]

    async def wait(self) -> datetime | None:
        """Wait until nothing waits; return when sla must look next. Raises `NotDrained`."""
        end = time.monotonic() + DRAIN_SECONDS_MAX
        while True:
            waits, next_at = await self.drained()
            if not waits:
                return next_at
            if time.monotonic() > end:
                failures = self.platform.health.failures
                raise NotDrained(f"{', '.join(waits)}; failures: {failures}")
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def open_watch(platform: Platform) -> AsyncIterator[Watch]:
    """A watch on a platform whose services and bus share one database."""
    settings = platform.runtimes[Service.GATEWAY].settings
    connection = await asyncpg.connect(
        plain_url(settings.database_url), server_settings={"jit": "off"}
    )
    try:
        yield Watch(platform, await connection.prepare(_statement(hearing(platform))))
    finally:
        await connection.close(timeout=5)


def hearing(platform: Platform) -> dict[Service, list[str]]:
    """The topics that each service with a consumer hears."""
    return {
        service: heard_topics(service)
        for service, runtime in platform.runtimes.items()
        if registry.handlers_of(runtime)
    }


WAITS = ("unsent", "unheard", "parked", "unasked", "unjudged", "unsuggested", "untrained")
LAST_NIGHT = """(date_trunc('day', ($1 AT TIME ZONE 'Asia/Shanghai') - interval '2 hours')
    + interval '2 hours') AT TIME ZONE 'Asia/Shanghai'"""
"""When the last night's training of suggestions was due."""


def _statement(topics: dict[Service, list[str]]) -> str:
    """One statement sees one moment: an event is in the outbox, or before an offset, or heard."""
    unsent = " OR ".join(f"EXISTS (SELECT FROM {service}.outbox)" for service in Service)
    hears = ", ".join(
        f"('{service}', '{topic}')" for service in topics for topic in topics[service]
    )
    offsets = " UNION ALL ".join(
        f"SELECT '{service}' AS service, topic, next FROM {service}.offsets" for service in topics
    )
    parked = " OR ".join(
        f"""EXISTS (SELECT FROM (SELECT DISTINCT ON (key) reason FROM {service}.parked
            ORDER BY key, position) f WHERE reason = '{WAITING}')"""
        for service in topics
    )
    return f"""SELECT {unsent} AS unsent, {parked} AS parked,
    EXISTS (SELECT FROM bus.topics t JOIN (VALUES {hears}) h (service, topic) USING (topic)
        LEFT JOIN ({offsets}) o USING (service, topic)
        WHERE t.next_position > coalesce(o.next, 0)) AS unheard,
    EXISTS (SELECT FROM sla.deadlines WHERE state = 'running' AND next_at <= $1) AS unasked,
    EXISTS (SELECT FROM sla.deadlines WHERE state = 'asked') AS unjudged,
    EXISTS (SELECT FROM dispatch.models) AND EXISTS (SELECT FROM dispatch.tickets
        WHERE state = 'accepted' AND suggested_at IS NULL) AS unsuggested,
    $1 IS NOT NULL AND NOT EXISTS (SELECT FROM dispatch.trainings
        WHERE night = {LAST_NIGHT} AND examples IS NOT NULL) AS untrained,
    (SELECT min(next_at) FROM sla.deadlines WHERE state = 'running') AS next_at"""
