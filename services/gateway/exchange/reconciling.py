"""Comparing a day with a peer by count and digest; what it has lost is sent again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

import aiohttp
import orjson
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from services.gateway.exchange.outgoing import send_again
from services.gateway.exchange.queries import SENT, marks, span_of, tally
from services.gateway.exchange.sender import Target
from services.gateway.peers.queries import NoOwnKey, read_signing_key
from services.gateway.peers.signing import sign_headers
from shared import telemetry
from shared.exchange import RECONCILIATION_PATH, Kind, Mark, Reconciliation, Tally
from shared.runtime import Runtime
from shared.telemetry import log

# A day is compared once it is over, and again while it was not equal.
DUE = """SELECT p.code, p.url, d.day::date AS day FROM peers p
CROSS JOIN generate_series($1::date - $2::int, $1::date - 1, interval '1 day') AS d (day)
LEFT JOIN LATERAL (SELECT r.result, r.at FROM reconciliations r
    WHERE r.peer = p.code AND r.day = d.day::date ORDER BY r.id DESC LIMIT 1) r ON true
WHERE p.is_active AND p.url IS NOT NULL AND (r.result IS NULL OR r.result <> 'equal'
    AND r.at < clock_timestamp() - make_interval(secs => $3))
ORDER BY 1, 3"""
TODAY = "SELECT coalesce($1::timestamptz, clock_timestamp())"
NOTE = """INSERT INTO reconciliations (id, peer, day, result, kinds, problem)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6)"""


class Result(StrEnum):
    """How two sides of a day compared."""

    EQUAL = "equal"
    REFILLED = "refilled"
    """The peer lacked messages; they were queued again."""
    DIFFERENT = "different"
    """The peer has messages that we have not, or other ones under the same ids."""
    FAILED = "failed"
    """The peer did not answer."""


@dataclass(slots=True)
class Compared:
    """One kind of one day."""

    kind: str
    ours: int
    theirs: int
    missing: int = 0
    surplus: int = 0
    differing: int = 0


class NoAnswer(Exception):
    """The peer could not be asked."""


async def reconcile_due(runtime: Runtime, session: aiohttp.ClientSession) -> int:
    """Compare the days that are over and were not found equal; return how many."""
    settings = runtime.settings
    async with runtime.database.pool.acquire() as connection:
        now: datetime = await connection.fetchval(TODAY, runtime.clock.stepped)
        rows = await connection.fetch(
            DUE,
            now.astimezone(UTC).date(),
            settings.exchange_reconcile_days,
            settings.exchange_reconcile_seconds,
        )
    for row in rows:
        await reconcile_day(runtime, session, Target(row["code"], row["url"]), row["day"])
    return len(rows)


async def reconcile_day(
    runtime: Runtime, session: aiohttp.ClientSession, target: Target, day: date
) -> Result:
    """Compare one day with a peer, queue what it lacks again, and keep what was found."""
    problem, compared = None, list[Compared]()
    try:
        theirs = (await _ask(runtime, session, target, {"day": str(day)})).tallies
        ours = await _ours(runtime, target, day, None)
        for kind in sorted({one.kind for one in (*ours, *theirs)}):
            compared.append(await _compare(runtime, session, target, day, (kind, ours, theirs)))
    except NoAnswer as error:
        problem = str(error)
    result = _result(compared, problem)
    async with runtime.database.pool.acquire() as connection:
        kinds = orjson.dumps([asdict(one) for one in compared]).decode()
        await connection.execute(NOTE, uuid7(), target.code, day, result, kinds, problem)
    telemetry.RECONCILIATIONS.labels(target.code, result).inc()
    if result is not Result.EQUAL:
        log.warning("days_differ", peer=target.code, day=str(day), result=result, problem=problem)
    return result


async def _compare(
    runtime: Runtime,
    session: aiohttp.ClientSession,
    target: Target,
    day: date,
    found: tuple[Kind, Sequence[Tally], Sequence[Tally]],
) -> Compared:
    kind, ours, theirs = found
    mine = next((one for one in ours if one.kind is kind), None)
    other = next((one for one in theirs if one.kind is kind), None)
    compared = Compared(kind, mine.count if mine else 0, other.count if other else 0)
    if mine == other:
        return compared
    asked = {"day": str(day), "kind": kind.value}
    by_hour = {one.hour: one for one in (await _ask(runtime, session, target, asked)).tallies}
    own_by_hour = {one.hour: one for one in await _ours(runtime, target, day, kind)}
    lost = list[UUID]()
    for hour in sorted(h for h in {*by_hour, *own_by_hour} if h is not None):
        if by_hour.get(hour) == own_by_hour.get(hour):
            continue
        answer = await _ask(runtime, session, target, asked | {"hour": str(hour)})
        lost += await _compare_hour(runtime, target, (day, hour, kind), answer.marks, compared)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        compared.missing = await send_again(connection, target.code, lost)
    return compared


async def _compare_hour(
    runtime: Runtime,
    target: Target,
    which: tuple[date, int, Kind],
    theirs: Sequence[Mark],
    compared: Compared,
) -> list[UUID]:
    day, hour, kind = which
    async with runtime.database.pool.acquire() as connection:
        ours = await marks(connection, SENT, target.code, span_of(day, hour), kind)
    mine, other = ({one.id: one.digest for one in side} for side in (ours, theirs))
    compared.surplus += len(other.keys() - mine.keys())
    compared.differing += sum(mine[one] != other[one] for one in mine.keys() & other.keys())
    return sorted(mine.keys() - other.keys())


async def _ours(runtime: Runtime, target: Target, day: date, kind: Kind | None) -> list[Tally]:
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        return await tally(connection, SENT, target.code, day, kind)


async def _ask(
    runtime: Runtime, session: aiohttp.ClientSession, target: Target, query: dict[str, str]
) -> Reconciliation:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    url = f"{target.url.rstrip('/')}{RECONCILIATION_PATH}?{asked}"
    try:
        async with runtime.database.pool.acquire() as connection:
            key = await read_signing_key(connection, runtime.settings)
        headers = sign_headers("GET", url, b"", key)
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            content = await answer.read()
            if answer.status != 200:
                raise NoAnswer(f"HTTP {answer.status} {content[:200].decode(errors='replace')}")
        return Reconciliation.model_validate_json(content)
    except (aiohttp.ClientError, TimeoutError, ValidationError, NoOwnKey) as error:
        raise NoAnswer(repr(error)[:500]) from error


def _result(compared: Sequence[Compared], problem: str | None) -> Result:
    if problem is not None:
        return Result.FAILED
    if any(one.surplus or one.differing for one in compared):
        return Result.DIFFERENT
    return Result.REFILLED if any(one.missing for one in compared) else Result.EQUAL
