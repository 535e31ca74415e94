"""Forgets what logins left behind: sessions that are over, codes, keys that sign no more."""

import asyncio

from services.gateway.issuer.rules import KEY_LIFETIME
from services.gateway.people.sessions import forget_sessions
from shared.runtime import Runtime

FORGET_SECONDS = 600.0
FORGET_MAX = 10_000
CODES = "DELETE FROM login_codes WHERE made_at < clock_timestamp() - interval '1 day'"
KEYS = "DELETE FROM issuer_keys WHERE made_at < clock_timestamp() - $1::interval"


async def forget_logins(runtime: Runtime) -> None:
    """Every few minutes, for ever."""
    while True:
        async with runtime.database.pool.acquire() as connection:
            while await forget_sessions(connection, runtime.settings, limit=FORGET_MAX):
                pass
            await connection.execute(CODES)
            # Twice is how long a key is published; the third makes sure that nobody needs it.
            await connection.execute(KEYS, 3 * KEY_LIFETIME)
        await asyncio.sleep(FORGET_SECONDS)
