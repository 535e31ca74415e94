"""Delivering what other platforms sent to our own services: each once, in order of its subject.

Several subjects go at once. What is refused is set aside, and what is behind it waits there.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record
from pydantic import ValidationError
from starlette.types import ASGIApp

from services.gateway.calls import Answered, Calls, Unanswered, for_platform, for_unit
from services.gateway.exchange.rules import ERASED, wrong_in
from services.gateway.federation import files, passing
from services.gateway.federation.acts import (
    REPLY,
    Act,
    acts_at_home,
    acts_here,
    filing,
    handled_in,
    with_files,
)
from services.gateway.federation.operations import hosted_places, ticket_in
from services.gateway.federation.set_aside import set_aside
from shared.crossing import Forward, file_of, subject_of
from shared.events.callers import TicketAttached
from shared.events.words import Service
from shared.exchange import Kind
from shared.problems import KeyReused
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import log

LOOK_SECONDS = 0.2
AT_ONCE_MAX = 48
ATTEMPTS_MAX = 6
"""So often an act is tried that our own services refuse: they may not have heard enough yet."""
FILES_ATTEMPTS_MAX = 10
"""So often a reply waits for its files, four minutes in all: the unit's time at home runs."""
DELAY_SECONDS_MAX = 60
LOCK = "SELECT pg_advisory_lock(hashtextextended('federation deliveries', 0))"
DUE = """SELECT position, from_platform, message_id, subject, kind, payload, attempts FROM (
    SELECT DISTINCT ON (from_platform, subject) * FROM deliveries
    ORDER BY from_platform, subject, position) AS firsts
WHERE next_at <= clock_timestamp() ORDER BY position LIMIT $1"""
DONE = "DELETE FROM deliveries WHERE position = $1"
FAIL = """UPDATE deliveries SET attempts = attempts + 1, problem = $2,
    next_at = clock_timestamp() + make_interval(secs => least(0.5 * 2 ^ least(attempts, 20), $3))
WHERE position = $1"""
FILED = """UPDATE forwarded_in SET ticket_id = $3 WHERE peer = $1 AND origin_ticket = $2"""
FIND = """SELECT 'here' AS side, ticket_id, NULL AS unit, false AS is_over FROM forwarded_in
WHERE peer = $1 AND origin_ticket = $2
UNION ALL (SELECT 'home', ticket_id, unit, state = 'ended' FROM forwarded_out
WHERE peer = $1 AND ticket_id = $2 ORDER BY round DESC LIMIT 1)"""
READ_UNIT = "SELECT unit FROM peers WHERE code = $1"


class Delivery(NamedTuple):
    """A message that waits for our services."""

    position: int
    sender: str
    message_id: UUID
    subject: str
    kind: Kind
    told: str
    data: dict[str, Any]
    attempts: int

    @property
    def key(self) -> str:
        """The Idempotency-Key of what it does."""
        return str(self.message_id)


class Refused(Exception):
    """Our own service refuses it; what is malformed stays so."""

    def __init__(self, answered: Answered, act: str) -> None:
        super().__init__(f"{act}: {answered.problem}")
        self.is_final = answered.status == 422


async def deliver_messages(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> None:
    """Deliver what came, until cancelled; one process does at a time."""
    calls = Calls(hops, runtime.settings)
    async with runtime.database.pool.acquire() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(LOCK)
        while True:
            if await deliver_due(runtime, calls) == 0:
                await asyncio.sleep(LOOK_SECONDS)


async def deliver_due(runtime: Runtime, calls: Calls) -> int:
    """One look: deliver the first message of each subject that is due; how many there were."""
    async with runtime.database.pool.acquire() as connection:
        rows = await connection.fetch(DUE, AT_ONCE_MAX)
    await asyncio.gather(*(_deliver(runtime, calls, _delivery(row)) for row in rows))
    return len(rows)


async def _deliver(runtime: Runtime, calls: Calls, one: Delivery) -> None:
    try:
        await _take(runtime, calls, one)
    except Unanswered as error:
        await _fail(runtime, one, str(error))
    except Refused as error:
        if error.is_final or one.attempts + 1 >= ATTEMPTS_MAX:
            await _give_up(runtime, one, str(error))
        else:
            await _fail(runtime, one, str(error))
    except ValidationError as error:
        await _give_up(runtime, one, wrong_in(error))
    # What cannot be used must not stop the others; what it holds is said nowhere.
    except (KeyError, ValueError) as error:
        await _give_up(runtime, one, f"data: {type(error).__name__}")


async def _take(runtime: Runtime, calls: Calls, one: Delivery) -> None:
    match one.kind:
        case Kind.FORWARD if one.told == ERASED:
            await _finish(runtime, one)
        case Kind.FORWARD:
            await _file(runtime, calls, one)
        case Kind.ORDER:
            await _take_order(runtime, calls, one)
        case Kind.ARTICLE:
            async with runtime.database.pool.acquire() as connection, connection.transaction():
                await passing.pass_on(connection, one)
                await connection.execute(DONE, one.position)
        case _:
            await _act(runtime, calls, one)


async def _give_up(runtime: Runtime, one: Delivery, reason: str) -> None:
    log.error("delivery_refused", peer=one.sender, message=one.key, reason=reason)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await set_aside(connection, one.sender, one.subject, reason=reason[:500])


async def _file(runtime: Runtime, calls: Calls, one: Delivery) -> None:
    """A ticket of ours comes of a ticket of theirs, accepted now and with its own clocks."""
    forward, origin = Forward.model_validate(one.data), ticket_in(one.subject)
    async with runtime.database.pool.acquire() as connection:
        hosted = sorted(await hosted_places(connection))
    place = handled_in(forward, platform=runtime.settings.platform, hosted=hosted)
    body = filing(forward, platform=one.sender, ticket_id=one.subject, place=place)
    answered = await calls.post(
        Service.INTAKE, "/v1/tickets", body, who=for_platform(one.sender), key=one.key
    )
    _require_done(answered)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        ticket = UUID(answered.body["id"])
        await connection.execute(FILED, one.sender, origin, ticket)
        await files.expect(connection, ticket, one.sender, None, forward.attachments)
        await connection.execute(DONE, one.position)


async def _act(runtime: Runtime, calls: Calls, one: Delivery) -> None:
    async with runtime.database.pool.acquire() as connection:
        found = await connection.fetchrow(FIND, one.sender, ticket_in(one.subject))
    if found is not None and found["ticket_id"] is not None:
        is_here = found["side"] == "here"
        who = for_platform(one.sender) if is_here else for_unit(one.sender, found["unit"])
        acts = (acts_here if is_here else acts_at_home)(one.told, one.data)
        if any(act.name == REPLY for act in acts):
            acts = await _name_files(runtime, one, acts, ticket=found["ticket_id"])
        for act in acts:
            await _do(calls, one, act, ticket=str(found["ticket_id"]), who=who, found=found)
    await _finish(runtime, one, found)


async def _name_files(
    runtime: Runtime, one: Delivery, acts: list[Act], *, ticket: UUID
) -> list[Act]:
    """A reply names the files that came of those it names there, and waits for them a while."""
    async with runtime.database.pool.acquire() as connection:
        found = await files.came(connection, ticket, files.named_in(one.data))
    if found.are_awaited and one.attempts < FILES_ATTEMPTS_MAX:
        raise Unanswered("答复所附的文件尚未取到")
    return with_files(acts, found.attachments, found.heard)


async def _do(
    calls: Calls, one: Delivery, act: Act, *, ticket: str, who: Principal, found: Record
) -> None:
    answered = await calls.post(
        act.service,
        f"/v1/tickets/{ticket}/{act.name}",
        act.body,
        who=who,
        key=f"{one.key} {act.name}",
        ticket=ticket,
        heard=act.heard,
    )
    if answered.is_passing or (act.waits and answered.code == "act_refused"):
        raise Unanswered(answered.problem)
    # A reply that was done before its last files came is done.
    if answered.is_done or answered.code == KeyReused.code:
        return
    # What crossed the end of our ticket on its way came too late, and changes nothing.
    if not act.needed or found["is_over"]:
        log.info("delivery_overtaken", peer=one.sender, act=act.name, reason=answered.problem)
        return
    raise Refused(answered, act.name)


async def _take_order(runtime: Runtime, calls: Calls, one: Delivery) -> None:
    if one.told == "order.answered":
        async with runtime.database.pool.acquire() as connection:
            unit = await connection.fetchval(READ_UNIT, one.sender)
        if unit is not None and ticket_in(one.subject) is not None:
            answered = await calls.post(
                Service.SLA,
                f"/v1/orders/{one.subject}/answer",
                {"answer": one.data["text"]},
                who=for_unit(one.sender, unit),
                key=one.key,
            )
            if answered.is_passing:
                raise Unanswered(answered.problem)
            # 404: it is an order of theirs, of which they only tell.
            if not answered.is_done and answered.status != 404:
                raise Refused(answered, "answer")
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await passing.keep_order(connection, one)
        await connection.execute(DONE, one.position)


def _require_done(answered: Answered) -> None:
    if answered.is_passing:
        raise Unanswered(answered.problem)
    if not answered.is_done:
        raise Refused(answered, "file")


async def _finish(runtime: Runtime, one: Delivery, found: Record | None = None) -> None:
    is_file = one.told == TicketAttached.type and found is not None
    # What a mirror tells of our own file comes back to us.
    is_ours = is_file and one.data["attached_by"] == subject_of(runtime.settings.platform)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        if is_file and not is_ours and found is not None and found["ticket_id"] is not None:
            unit, file = found["unit"], file_of(one.data)
            await files.expect(connection, found["ticket_id"], one.sender, unit, [file])
        await connection.execute(DONE, one.position)


async def _fail(runtime: Runtime, one: Delivery, problem: str) -> None:
    async with runtime.database.pool.acquire() as connection:
        await connection.execute(FAIL, one.position, problem[:500], DELAY_SECONDS_MAX)


def _delivery(row: Record) -> Delivery:
    payload = orjson.loads(row["payload"])
    return Delivery(
        row["position"],
        row["from_platform"],
        row["message_id"],
        row["subject"],
        Kind(row["kind"]),
        payload["type"],
        payload["data"],
        row["attempts"],
    )
