"""What is done to subscriptions: made, claimed for a push, moved on, declared dead, replayed."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.gateway.feeds.models import FeedUnit
from services.gateway.subscriptions.models import Subscription
from services.gateway.subscriptions.rules import ATTEMPTS_MAX, LEASE, SubscriptionState, wrong_url
from services.gateway.subscriptions.sealing import seal
from shared.clock import Clock
from shared.database import Connection
from shared.jurisdictions import covers
from shared.problems import field_error
from shared.reading import require_shown
from shared.runtime import Runtime
from shared.security import Principal
from shared.settings import Settings

# Pushing keeps real time, whatever clock a simulation has.
CLAIM = """WITH due AS (
    SELECT s.id FROM subscriptions s
    WHERE s.state = 'active' AND s.next_at <= clock_timestamp()
    AND EXISTS (SELECT FROM feed f WHERE f.unit = s.unit AND f.position > s.position)
    ORDER BY s.next_at LIMIT $1 FOR UPDATE OF s SKIP LOCKED
) UPDATE subscriptions s SET next_at = clock_timestamp() + $2
FROM due WHERE s.id = due.id
RETURNING s.id, s.unit, s.url, s.secret, s.position, s.attempts"""
TAKEN = """UPDATE subscriptions SET position = $2, attempts = 0,
    last_error = NULL, delivered_at = clock_timestamp(), next_at = clock_timestamp()
WHERE id = $1 AND state = 'active' AND position = $3"""
FAILED = """UPDATE subscriptions SET attempts = attempts + 1, last_error = $2,
    next_at = clock_timestamp() + $3,
    state = CASE WHEN attempts + 1 >= $4 THEN 'dead' ELSE state END
WHERE id = $1 AND state = 'active' AND position = $5 RETURNING state"""


class Due(NamedTuple):
    """A subscription that this worker has for the time of its lease."""

    id: UUID
    unit: str
    url: str
    secret: bytes
    position: int
    attempts: int


async def subscribe(
    session: AsyncSession,
    clock: Clock,
    *,
    caller: Principal,
    unit: str,
    url: str,
    secret: str,
    position: int,
    settings: Settings,
) -> Subscription:
    """Push a unit's feed to an address from a position on.

    Raises `Malformed` for an address that is none, and for a unit that is not of their place.
    """
    known = await session.get(FeedUnit, unit)
    if known is None or not covers(caller.jurisdiction, known.jurisdiction):
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if (wrong := wrong_url(url)) is not None:
        raise field_error("url", "bad_url", wrong)
    subscription_id = uuid7()
    made = Subscription(
        id=subscription_id,
        unit=unit,
        url=url,
        secret=seal(secret.encode(), subscription_id, settings=settings),
        state=SubscriptionState.ACTIVE,
        position=position,
        attempts=0,
        created_by=caller.subject,
        created_at=await clock.now(session),
    )
    session.add(made)
    await session.flush()
    return made


async def replay(
    session: AsyncSession,
    runtime: Runtime,
    subscription_id: UUID,
    *,
    caller: Principal,
    position: int | None,
) -> Subscription:
    """Push again from a position, or go on where it stopped. Raises `NotFound`."""
    found = await lock_own(session, runtime, subscription_id, caller)
    found.state, found.attempts, found.last_error = SubscriptionState.ACTIVE, 0, None
    found.next_at = found.created_at
    if position is not None:
        found.position = position
    return found


async def stop(
    session: AsyncSession, runtime: Runtime, subscription_id: UUID, *, caller: Principal
) -> Subscription:
    """Push no more. Raises `NotFound`."""
    found = await lock_own(session, runtime, subscription_id, caller)
    found.state = SubscriptionState.STOPPED
    return found


async def lock_own(
    session: AsyncSession, runtime: Runtime, subscription_id: UUID, caller: Principal
) -> Subscription:
    """A subscription that is the caller's to change, its row locked. Raises `NotFound`."""
    found = await session.get(Subscription, subscription_id, with_for_update=True)
    await require_shown(session, runtime, caller, Subscription.id, [subscription_id])
    assert found is not None, "it was shown"
    return found


async def claim_due(connection: Connection, *, limit: int) -> list[Due]:
    """Take subscriptions for whose unit something waits, each for the time of a lease."""
    return [Due(*row) for row in await connection.fetch(CLAIM, limit, LEASE)]


async def move_on(connection: Connection, due: Due, *, position: int) -> None:
    """The address took everything up to a position."""
    await connection.execute(TAKEN, due.id, position, due.position)


async def note_failure(
    connection: Connection, due: Due, *, error: str, delay: timedelta
) -> SubscriptionState | None:
    """A push failed; after `ATTEMPTS_MAX` in a row the subscription is dead, and says why."""
    state = await connection.fetchval(
        FAILED, due.id, error[:500], delay, ATTEMPTS_MAX, due.position
    )
    return None if state is None else SubscriptionState(state)
