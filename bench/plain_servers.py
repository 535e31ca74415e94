"""The plainest servers that keep filing's promise: `python -m bench.plain_servers KIND PORT`.

They load nothing of ours but how an address is written, and are served as anybody would: what
our processes do for their speed must not help them.
"""

import asyncio
import os
import sys
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import DateTime, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import plain_url

CONNECTIONS = 32
SCHEMA = """CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.tickets (id uuid PRIMARY KEY, jurisdiction text, type text,
    title text, content text, channel text, channel_ref text UNIQUE, caller jsonb,
    at timestamptz DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS bench.outbox (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid, topic text, key text, payload jsonb)"""

GROUPED = """WITH filed AS (
    INSERT INTO bench.tickets
        (id, jurisdiction, type, title, content, channel, channel_ref, caller)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::jsonb[]))
INSERT INTO bench.outbox (id, topic, key, payload)
SELECT id, 'tickets', id::text, payload FROM unnest($1::uuid[], $9::jsonb[]) AS e (id, payload)"""


class Plain(BaseModel):
    """The body that the plain servers take."""

    jurisdiction: Annotated[str, Field(pattern="^[0-9]{6}$")]
    type: str
    title: Annotated[str, Field(max_length=200)]
    content: Annotated[str, Field(max_length=20_000)]
    channel: str
    channel_ref: str
    category: str
    caller: dict[str, Any]


class Answer(BaseModel):
    """What the plain servers answer."""

    id: UUID
    state: str


class Base(DeclarativeBase):
    """The plain servers' tables."""


class Ticket(Base):
    """A ticket as most would write it."""

    __tablename__ = "tickets"
    __table_args__ = ({"schema": "bench"},)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    channel_ref: Mapped[str] = mapped_column(Text)
    caller: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )


class Outbox(Base):
    """An outbox as most would write it."""

    __tablename__ = "outbox"
    __table_args__ = ({"schema": "bench"},)

    position: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid)
    topic: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)


async def serve(app: FastAPI, port: int) -> None:
    """Answer HTTP until a signal comes."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan="off", access_log=False, log_level="warning"
    )
    await uvicorn.Server(config).serve()


async def serve_plain(url: str, port: int) -> None:
    """FastAPI, pydantic and two INSERTs in a transaction on asyncpg."""
    pool = await asyncpg.create_pool(plain_url(url), min_size=CONNECTIONS, max_size=CONNECTIONS)
    await pool.execute(SCHEMA)
    app = FastAPI()

    @app.post("/v1/tickets", status_code=201)
    async def file_ticket(body: Plain) -> Answer:
        ticket = uuid4()
        event = {"id": str(ticket), **body.model_dump(exclude={"caller"})}
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """INSERT INTO bench.tickets
                (id, jurisdiction, type, title, content, channel, channel_ref, caller)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
                ticket,
                body.jurisdiction,
                body.type,
                body.title,
                body.content,
                body.channel,
                body.channel_ref,
                orjson.dumps(body.caller).decode(),
            )
            await connection.execute(
                "INSERT INTO bench.outbox (id, topic, key, payload) VALUES ($1, $2, $3, $4)",
                ticket,
                "tickets",
                str(ticket),
                orjson.dumps(event).decode(),
            )
        return Answer(id=ticket, state="accepted")

    await serve(app, port)


async def serve_grouped(url: str, port: int) -> None:
    """The plain server, but requests that arrive together go into one statement."""
    pool = await asyncpg.create_pool(plain_url(url), min_size=1, max_size=2)
    await pool.execute(SCHEMA)
    app = FastAPI()
    waiting: list[tuple[Plain, asyncio.Future[UUID]]] = []
    woken = asyncio.Event()

    async def write_groups() -> None:
        async with pool.acquire() as connection:
            while True:
                await woken.wait()
                woken.clear()
                group, waiting[:] = list(waiting), []
                ids = [uuid4() for _ in group]
                bodies = [body for body, _ in group]
                await connection.execute(
                    GROUPED,
                    ids,
                    [body.jurisdiction for body in bodies],
                    [body.type for body in bodies],
                    [body.title for body in bodies],
                    [body.content for body in bodies],
                    [body.channel for body in bodies],
                    [body.channel_ref for body in bodies],
                    [orjson.dumps(body.caller).decode() for body in bodies],
                    [orjson.dumps(body.model_dump(exclude={"caller"})).decode() for body in bodies],
                )
                for (_, answer), ticket in zip(group, ids, strict=True):
                    answer.set_result(ticket)

    writer = asyncio.create_task(write_groups())

    @app.post("/v1/tickets", status_code=201)
    async def file_ticket(body: Plain) -> Answer:
        answer: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()
        waiting.append((body, answer))
        woken.set()
        return Answer(id=await answer, state="accepted")

    await serve(app, port)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await pool.close()


async def serve_orm(url: str, port: int) -> None:
    """The same with SQLAlchemy's ORM."""
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://"),
        pool_size=CONNECTIONS,
        max_overflow=0,
    )
    connection = await asyncpg.connect(plain_url(url))
    await connection.execute(SCHEMA)
    await connection.close()
    sessions = async_sessionmaker(engine)
    app = FastAPI()

    @app.post("/v1/tickets", status_code=201)
    async def file_ticket(body: Plain) -> Answer:
        ticket = uuid4()
        event = {"id": str(ticket), **body.model_dump(exclude={"caller"})}
        async with sessions() as session, session.begin():
            session.add(Ticket(id=ticket, **body.model_dump(exclude={"category"})))
            session.add(Outbox(id=ticket, topic="tickets", key=str(ticket), payload=event))
        return Answer(id=ticket, state="accepted")

    await serve(app, port)


KINDS = {"plain": serve_plain, "grouped": serve_grouped, "orm": serve_orm}

if __name__ == "__main__":
    uvloop.run(KINDS[sys.argv[1]](os.environ["BENCH_DATABASE_URL"], int(sys.argv[2])))
