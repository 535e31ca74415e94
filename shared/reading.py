"""Reading as who asks: the database shows the rows that are theirs, whatever a query forgets."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.access import BUSINESS, CONFIDANTS
from shared.database import Connection, role_of
from shared.events.words import Secrecy
from shared.jurisdictions import prefix
from shared.problems import NotFound
from shared.runtime import Runtime
from shared.security import Principal

NAMES = ("role", "hotline.jurisdiction", "hotline.unit", "hotline.subject", "hotline.knows")
READ_AS = "SELECT " + ", ".join(
    f"set_config('{name}', ${place}, true)" for place, name in enumerate(NAMES, start=1)
)
READ_AS_SESSION = text(
    "SELECT " + ", ".join(f"set_config('{n}', :{n.replace('.', '_')}, true)" for n in NAMES)
)
WRITE_AGAIN = text("SELECT set_config('role', :role, true)")


@asynccontextmanager
async def reading(runtime: Runtime, caller: Principal) -> AsyncIterator[AsyncSession]:
    """A transaction that reads what is the caller's, and writes nothing."""
    async with runtime.database.sessions() as session, session.begin():
        await session.execute(READ_AS_SESSION, _values(runtime, caller))
        yield session


@asynccontextmanager
async def reading_directly(runtime: Runtime, caller: Principal) -> AsyncIterator[Connection]:
    """The same on a connection of the pool, whose statements look rows up by key."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await connection.execute(READ_AS, *_named(runtime, caller))
        yield connection


async def write_again(session: AsyncSession, runtime: Runtime) -> None:
    """Go on as the owner, in the same transaction: what was seen was the caller's to see."""
    await session.execute(WRITE_AGAIN, {"role": role_of(runtime.service)})


async def require_shown(
    session: AsyncSession,
    runtime: Runtime,
    caller: Principal,
    key: InstrumentedAttribute[UUID],
    wanted: Collection[UUID],
) -> None:
    """Raise `NotFound` unless the database shows the caller every row with these keys.

    What may be read is said once, in the policies: an act on a thing of a ticket asks them here,
    in its own transaction, instead of saying it again.
    """
    await session.execute(READ_AS_SESSION, _values(runtime, caller))
    shown = set(await session.scalars(select(key).where(key.in_(wanted))))
    await write_again(session, runtime)
    if shown != set(wanted):
        raise NotFound


def _values(runtime: Runtime, caller: Principal) -> dict[str, str]:
    names = (name.replace(".", "_") for name in NAMES)
    return dict(zip(names, _named(runtime, caller), strict=True))


def _named(runtime: Runtime, caller: Principal) -> tuple[str, ...]:
    return (
        role_of(runtime.service) + ("_reader_unit" if caller.is_of_unit else "_reader"),
        prefix(caller.jurisdiction),
        caller.unit or "",
        caller.subject,
        _label(caller),
    )


def _label(caller: Principal) -> str:
    if caller.role not in BUSINESS:
        return "nothing"
    return Secrecy.SENSITIVE if caller.role in CONFIDANTS else Secrecy.NORMAL
