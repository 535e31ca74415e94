"""One service's doors to PostgreSQL: SQLAlchemy for ordinary work, asyncpg for the hot paths."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from shared.settings import Settings

if TYPE_CHECKING:
    DirectConnection = asyncpg.Connection[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | DirectConnection
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = DirectConnection = asyncpg.Connection
    Pool = asyncpg.Pool

# What may pass by itself: lost connections (08, 57), full or busy servers (53, 58), rollbacks (40).
TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")
UNSAYABLE_STATES = ("22021", "22P05")


@dataclass(frozen=True, slots=True)
class Database:
    """The open doors of one service: both see its own schema alone."""

    sessions: async_sessionmaker[AsyncSession]
    pool: Pool


def role_of(schema: str) -> str:
    """The PostgreSQL role that owns a service's schema."""
    return f"hotline_{schema}"


def plain_url(url: str) -> str:
    """A `postgresql://` address, as asyncpg takes it, whatever driver the setting named."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def server_settings(schema: str, settings: Settings) -> dict[str, str]:
    """What each connection of a service is told when it opens."""
    return {
        "search_path": str(schema),
        "role": role_of(schema),
        "application_name": f"hotline-{schema}",
        "statement_timeout": f"{settings.statement_timeout_seconds * 1000}",
        "jit": "off",
    }


# The hot paths look rows up by key. A plan that was made while a table was small must not scan it
# when it is large, and a statement that comes a thousand times a second is planned once.
LOOK_UP_BY_KEY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def create_engine(schema: str, settings: Settings) -> AsyncEngine:
    """SQLAlchemy's engine for one service."""
    url = make_url(settings.database_url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        url,
        pool_size=settings.pool_size_max,
        max_overflow=0,
        pool_pre_ping=False,
        connect_args={"server_settings": server_settings(schema, settings)},
    )


@asynccontextmanager
async def open_database(schema: str, settings: Settings) -> AsyncIterator[Database]:
    """Both doors, closed again at the end."""
    engine = create_engine(schema, settings)
    pool = await asyncpg.create_pool(
        plain_url(settings.database_url),
        min_size=0,
        max_size=settings.pool_size_max,
        server_settings=server_settings(schema, settings) | LOOK_UP_BY_KEY,
    )
    try:
        yield Database(async_sessionmaker(engine, expire_on_commit=False), pool)
    finally:
        await pool.close()
        await engine.dispose()


async def connection_of(session: AsyncSession) -> Connection:
    """The asyncpg connection under a session that has begun, with all that waited flushed."""
    await session.flush()
    raw = await (await session.connection()).get_raw_connection()
    connection: Connection | None = raw.driver_connection
    assert connection is not None, "a session that has begun has a connection"
    if not connection.is_in_transaction():
        # SQLAlchemy begins with its own first statement; ours must not commit one by one before.
        await session.execute(text("SELECT 1"))
    return connection


def is_unsayable(error: BaseException) -> bool:
    """Whether a text held what PostgreSQL has no sign for, such as NUL."""
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    return state in UNSAYABLE_STATES


def is_transient(error: BaseException) -> bool:
    """Whether the same work may well succeed a little later, with nothing wrong in it."""
    # A connection that dies in the middle of a statement can show as an internal error of asyncpg.
    lost = OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError
    # SQLAlchemy's own word for a pool of which no connection came back in time.
    if isinstance(error, lost | PoolTimeoutError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(TRANSIENT_CLASSES)
    if error.__cause__ is not None:
        return is_transient(error.__cause__)
    return False
