"""Preparing what was forwarded: the request as it stands, its caller sealed for the receiver.

A row of `forwarded_out` waits until its message is queued, in one transaction with it; whatever is
killed before that is simply done again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError
from starlette.types import ASGIApp

from services.gateway.calls import OUR_PLATFORM, OURS, Calls, Unanswered
from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.exchange.rules import wrong_in
from services.gateway.federation import files
from services.gateway.federation.categories import CategoryNames
from services.gateway.federation.keys import KeyBook, NoKey
from services.gateway.federation.rules import pieces
from shared.crossing import FILES_MAX, FORWARD, File, Forward, Round
from shared.database import Connection
from shared.events.dispatch import TicketReturnRequested
from shared.events.intake import TicketAmended
from shared.events.words import Service
from shared.exchange import Kind
from shared.runtime import Runtime
from shared.telemetry import log

LOOK_SECONDS = 0.2
CLAIM_MAX = 64
AT_ONCE_MAX = 16
DELAY_SECONDS_MAX = 300
REST = "接转办的诉求内容"
"""Why the words that a forward has no room for come as additions."""
LOCK = "SELECT pg_advisory_lock(hashtextextended('federation forwards', 0))"
WAITING = """SELECT f.ticket_id, f.round, f.sends, f.peer, f.reason, f.forwarded_at, p.url
FROM forwarded_out f LEFT JOIN peers p ON p.code = f.peer AND p.is_active
WHERE f.state = 'waiting' AND f.next_at <= clock_timestamp()
ORDER BY f.forwarded_at, f.ticket_id LIMIT $1"""
TIMES = """SELECT sum(sends)::int FROM forwarded_out
WHERE ticket_id = $1 AND peer = $2 AND round <= $3"""
TAKE = """SELECT sends FROM forwarded_out
WHERE ticket_id = $1 AND round = $2 AND state = 'waiting' FOR UPDATE"""
WORDS = "SELECT words FROM feed_tickets WHERE id = $1"
MOVE = """UPDATE forwarded_out SET state = $3, problem = NULL
WHERE ticket_id = $1 AND round = $2"""
FAIL = """UPDATE forwarded_out SET attempts = attempts + 1, problem = $3,
    next_at = clock_timestamp() + make_interval(secs => least(2 ^ least(attempts, 20), $4))
WHERE ticket_id = $1 AND round = $2 AND state = 'waiting'"""


class Away(NamedTuple):
    """A ticket that must go to another platform."""

    ticket_id: UUID
    round: int
    sends: int
    peer: str
    reason: str | None
    forwarded_at: datetime
    url: str | None


class Shown(NamedTuple):
    """What our services show of a ticket: what does not change any more, and its files so far."""

    ticket: dict[str, Any]
    timeline: list[dict[str, Any]]
    files: list[dict[str, Any]]
    categories: Mapping[str, str]


class NotReady(Exception):
    """The forward cannot be prepared now; it is tried again."""


async def prepare_forwards(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> None:
    """Prepare and queue what waits, until cancelled; one process does at a time."""
    calls = Calls(hops, runtime.settings)
    names = CategoryNames(calls)
    async with (
        runtime.database.pool.acquire() as connection,
        KeyBook(runtime).opened() as keys,
    ):
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(LOCK)
        while True:
            if await prepare_waiting(runtime, calls, keys, names) < CLAIM_MAX:
                await asyncio.sleep(LOOK_SECONDS)


async def prepare_waiting(
    runtime: Runtime, calls: Calls, keys: KeyBook, names: CategoryNames
) -> int:
    """One look: prepare and queue what is due; return how many there were."""
    async with runtime.database.pool.acquire() as connection:
        rows = await connection.fetch(WAITING, CLAIM_MAX)
    at_once = asyncio.Semaphore(AT_ONCE_MAX)

    async def prepare(away: Away) -> None:
        async with at_once:
            await _prepare(runtime, calls, keys, names, away)

    await asyncio.gather(*(prepare(Away(*row)) for row in rows))
    return len(rows)


async def _prepare(
    runtime: Runtime, calls: Calls, keys: KeyBook, names: CategoryNames, away: Away
) -> None:
    try:
        shown = await _look(calls, names, away)
        sealed = await _seal(calls, keys, away, number=shown.ticket["number"])
        async with runtime.database.pool.acquire() as connection, connection.transaction():
            await _go(connection, away, shown, sealed)
    except (NotReady, NoKey, Unanswered) as error:
        await _fail(runtime, away, str(error))
    except ValidationError as error:
        await _fail(runtime, away, wrong_in(error))


async def _fail(runtime: Runtime, away: Away, problem: str) -> None:
    log.warning("forward_not_ready", peer=away.peer, error=problem)
    async with runtime.database.pool.acquire() as connection:
        values = (away.ticket_id, away.round, problem[:500], DELAY_SECONDS_MAX)
        await connection.execute(FAIL, *values)


async def _go(
    connection: Connection, away: Away, shown: Shown, sealed: dict[str, Any] | None
) -> None:
    """Queue the forward under the row's lock, where it still waits. Raises `ValidationError`."""
    if await connection.fetchval(TAKE, away.ticket_id, away.round) != away.sends:
        return
    kept = await connection.fetchval(WORDS, away.ticket_id)
    state = "ended" if kept is None else "queued"
    await connection.execute(MOVE, away.ticket_id, away.round, state)
    if kept is None:
        return
    words = orjson.loads(kept)
    first, *rest = pieces(words["content"])
    forward = _forward(away, words | {"content": first}, shown, sealed)
    times = await connection.fetchval(TIMES, away.ticket_id, away.peer, away.round)
    update = {"round": times, "attachments": await _name_files(connection, away, shown)}
    await _queue(connection, away, forward.model_copy(update=update), rest)


async def _look(calls: Calls, names: CategoryNames, away: Away) -> Shown:
    path = f"/v1/tickets/{away.ticket_id}"
    ticket = await calls.get(Service.DISPATCH, path, OURS)
    timeline = await calls.get(Service.DISPATCH, f"{path}/timeline", OURS)
    files = await calls.get(Service.INTAKE, f"{path}/attachments", OURS)
    return Shown(ticket, timeline["items"], files["items"], await names.get())


async def _seal(calls: Calls, keys: KeyBook, away: Away, *, number: str) -> dict[str, Any] | None:
    if away.url is None:
        raise NotReady("没有登记该平台，或其已停用、没有地址")
    key = await keys.key_of(away.peer, away.url)
    answered = await calls.post(
        Service.INTAKE,
        f"/v1/tickets/{away.ticket_id}/seal-caller",
        {
            "recipient_platform": away.peer,
            "recipient_key": key["public_key"],
            "key_id": key["key_id"],
            "suite": key["suite"],
            "purpose": f"转办工单 {number}，供承办单位核实和联系",
        },
        who=OUR_PLATFORM,
        key=f"seal {away.ticket_id} {away.round} {away.sends} {key['key_id']}",
    )
    if not answered.is_done:
        raise NotReady(answered.problem)
    sealed: dict[str, Any] = answered.body
    return sealed if sealed["sealed"] is not None else None


def _forward(
    away: Away, words: Mapping[str, Any], shown: Shown, sealed: dict[str, Any] | None
) -> Forward:
    names = ("number", "jurisdiction", "request_type", "urgency", "is_enforcement", "title")
    told = {name: words[name] for name in (*names, "content", "category", "place")}
    ticket = shown.ticket
    for name in ("is_mediation", "secrecy"):
        # Dispatch was asked before the lock: it counts only for words that are older than these.
        if (value := words.get(name, ticket.get(name))) is not None:
            told[name] = value
    return Forward.model_validate(
        told
        | {
            "category_name": shown.categories.get(words["category"]),
            "filed_at": ticket["filed_at"],
            "accepted_at": ticket["accepted_at"],
            "forwarded_at": away.forwarded_at,
            "round": away.round,
            "reason": away.reason,
            "rounds": [_round(line) for line in shown.timeline if _is_return(line)],
            "sealed_caller": sealed,
        }
    )


def _is_return(line: Mapping[str, Any]) -> bool:
    return bool(line["event"] == TicketReturnRequested.type)


def _round(line: Mapping[str, Any]) -> Round:
    ground = line["detail"].get("ground")
    return Round(unit=line["unit"] or "", ground=ground, reason=line["text"] or "")


async def _name_files(connection: Connection, away: Away, shown: Shown) -> tuple[File, ...]:
    """The files that intake showed and those heard of since; the platform may fetch them now."""
    found = [_file(one) for one in shown.files]
    found += await files.noted(connection, away.peer, away.ticket_id)
    named = tuple({one.id: one for one in found}.values())[:FILES_MAX]
    told = [files.told_of(one) for one in named]
    await files.note(
        connection,
        [files.Noted(away.peer, away.ticket_id, one, is_named=True) for one in told],
    )
    return named


def _file(shown: Mapping[str, Any]) -> File:
    return File.model_validate({name: shown[name] for name in File.model_fields})


async def _queue(connection: Connection, away: Away, forward: Forward, rest: Sequence[str]) -> None:
    telling = Telling(
        peer=away.peer,
        subject=str(away.ticket_id),
        kind=Kind.FORWARD,
        time=away.forwarded_at,
        key=f"forward {away.ticket_id} {away.round} {away.sends}",
        type=FORWARD,
        data=forward.model_dump(mode="json", exclude_none=True),
    )
    more = [
        replace(
            telling,
            kind=Kind.ACT,
            key=f"{telling.key} rest {place}",
            type=TicketAmended.type,
            data={"addition": one, "reason": REST},
        )
        for place, one in enumerate(rest, start=1)
    ]
    await queue(connection, [telling, *more])
