"""Password hashes: argon2id, a few at once, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.overload import Overloaded

# What OWASP recommends at least: 19 MiB and two passes. A whole shift logs in at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASHES_AT_ONCE = 2
"""Each takes a core for its time: more at once would starve everybody."""
HASHES_WAITING_MAX = 200
"""Whoever comes after them is told to come again: a few seconds of work, half a shift's logins."""
_THREADS = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="argon2")
OF_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$TB92g25HDT2RjnMlMBR1mA$"
    "X0N+fR1RoK6Tk9In44a6SRMAHbSuFFqxnC7ZhD3iNcc"
)
"""Tried for whom nobody knows, so that the answer takes as long."""
_waiting: set[asyncio.Future[Any]] = set()
T = TypeVar("T")


async def hash_password(password: str) -> str:
    """The hash that is stored. Raises `Overloaded` where too many wait for theirs."""
    return await _in_turn(_HASHER.hash, password)


async def is_password(hashed: str, password: str) -> bool:
    """Whether a password is the one that was hashed. Raises `Overloaded`."""
    return await _in_turn(_verify, hashed, password)


async def _in_turn(work: Callable[..., T], *given: str) -> T:
    if len(_waiting) >= HASHES_WAITING_MAX:
        raise Overloaded
    done = asyncio.get_running_loop().run_in_executor(_THREADS, work, *given)
    _waiting.add(done)
    done.add_done_callback(_waiting.discard)
    return await done


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
