"""The working side of a service: tasks that are started again when they fail."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from shared import parked, telemetry
from shared.audit_sealer import seal_audit
from shared.bus.protocol import Bus
from shared.database import is_transient, plain_url, server_settings
from shared.events.catalogue import PAYLOADS
from shared.events.words import Service
from shared.inbox import Handlers, Inbox, TooManyParked
from shared.outbox import run_relay
from shared.runtime import Runtime

Task = Callable[[], Awaitable[None]]
RETRY_WAITING_SECONDS = 2.0
RETRY_WAITING_MAX = 100
FORGET_SECONDS = 600
WELL_AFTER_SECONDS = 2.0
"""A task that has run so long since it was started again counts as well."""


@dataclass
class Health:
    """Which tasks of this process run well; readiness looks here."""

    failures: dict[str, str] = field(default_factory=dict)


async def supervise(name: str, task: Task, *, health: Health, delay_seconds_max: float) -> None:
    """Run a task for ever; after a failure wait, longer each time, and run it again.

    `TooManyParked` ends it: the fault is ours, and going on would park everything.
    """
    service, _, kind = name.partition(".")
    delay, loop = 0.1, asyncio.get_running_loop()
    while True:
        started = time.monotonic()
        well = loop.call_later(WELL_AFTER_SECONDS, health.failures.pop, name, None)
        try:
            await task()
        except TooManyParked as error:
            health.failures[name] = repr(error)
            telemetry.log.critical("task_stopped", task=name, error=repr(error))
            return
        except Exception as error:
            health.failures[name] = repr(error)
            telemetry.RESTARTS.labels(service, kind).inc()
            telemetry.log.warning(
                "task_failed", task=name, error=repr(error), exc_info=not is_transient(error)
            )
        finally:
            well.cancel()
        if time.monotonic() - started > 10:
            delay = 0.1
        await asyncio.sleep(delay)
        delay = min(delay * 2, delay_seconds_max)


def heard_topics(service: Service) -> list[str]:
    """The topics that carry something this service hears."""
    return sorted({p.topic for p in PAYLOADS.values() if service in p.heard_by})


async def run_worker(
    runtime: Runtime,
    bus: Bus,
    handlers: Handlers,
    *,
    health: Health,
    more: dict[str, Task] | None = None,
) -> None:
    """Relay, consumer and the service's own tasks, until cancelled."""
    settings = runtime.settings
    inbox = make_inbox(runtime, handlers)
    tasks: dict[str, Task] = {
        "relay": lambda: run_relay(
            plain_url(settings.database_url),
            server_settings(runtime.service, settings),
            service=runtime.service,
            open_publisher=bus.open_publisher,
            limit=settings.relay_batch_max,
        ),
        **(more or {}),
    }
    if handlers:
        tasks["consumer"] = lambda: consume(runtime, bus, inbox, health)
        tasks["waiting"] = lambda: _retry_waiting(runtime, inbox)
    tasks["forget"] = lambda: _forget(runtime, bus)
    tasks["audit"] = lambda: seal_audit(runtime)
    async with asyncio.TaskGroup() as group:
        for name, task in tasks.items():
            group.create_task(
                supervise(
                    f"{runtime.service}.{name}",
                    task,
                    health=health,
                    delay_seconds_max=settings.retry_delay_seconds_max,
                )
            )


def make_inbox(runtime: Runtime, handlers: Handlers) -> Inbox:
    """The inbox of a service, as its consumer and `hotline parked replay` use it."""
    return Inbox(
        runtime.database.pool,
        handlers,
        service=runtime.service,
        source=runtime.source,
        parked_in_a_row_max=runtime.settings.parked_in_a_row_max,
    )


async def consume(runtime: Runtime, bus: Bus, inbox: Inbox, health: Health) -> None:
    """Fetch and handle, until a failure; the reader is made anew by the supervisor."""
    settings = runtime.settings
    reader = await bus.open_reader(
        f"{settings.platform}.{runtime.service}",
        heard_topics(runtime.service),
        inbox.load_offsets,
    )
    try:
        health.failures.pop(f"{runtime.service}.consumer", None)
        while True:
            records = await reader.fetch(settings.consumer_batch_max, wait_seconds=1.0)
            if records:
                with telemetry.BATCH_SECONDS.labels(runtime.service).time():
                    await inbox.handle(records, now=runtime.clock.stepped)
    finally:
        with suppress(Exception):
            await reader.close()


async def _retry_waiting(runtime: Runtime, inbox: Inbox) -> None:
    after = ""
    while True:
        async with runtime.database.pool.acquire() as connection:
            keys = await parked.list_waiting(connection, limit=RETRY_WAITING_MAX, after=after)
        # Those that go on waiting must not stand in the way of the others.
        after = keys[-1] if len(keys) == RETRY_WAITING_MAX else ""
        for key in keys:
            try:
                await inbox.replay(key, now=runtime.clock.stepped, accept_gap=False)
            except Exception as error:
                if is_transient(error):
                    raise
                telemetry.log.info("still_waiting", key=key, error=repr(error))
        if not after:
            await asyncio.sleep(RETRY_WAITING_SECONDS)


async def _forget(runtime: Runtime, bus: Bus) -> None:
    while True:
        await runtime.database.pool.execute(
            """DELETE FROM kept_answers
            WHERE kept_at < clock_timestamp() - make_interval(hours => $1)""",
            runtime.settings.idempotency_hours,
        )
        await bus.forget_old()
        await asyncio.sleep(FORGET_SECONDS)
