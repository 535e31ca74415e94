"""A mail server and a provider of text messages on this machine, for tests of notices."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass
class Mailbox:
    """What came by mail: whom it was for, and the words as they travelled."""

    port: int = 0
    refuses: list[str] = field(default_factory=list)
    """Answers to the next mails instead of taking them, such as `451 later`."""
    mails: list[tuple[list[str], str]] = field(default_factory=list)


@dataclass
class Provider:
    """What came by the webhook."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; then 200."""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The posted JSON."""
        return [orjson.loads(body) for _, body in self.posts]


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """A small SMTP server without encryption."""
    box = Mailbox()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _talk(box, reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def open_provider() -> AsyncIterator[Provider]:
    """A small web server that takes posts."""
    provider = Provider()

    async def take(request: web.Request) -> web.Response:
        provider.posts.append((dict(request.headers), await request.read()))
        return web.Response(status=provider.answers.pop(0) if provider.answers else 200)

    app = web.Application()
    app.router.add_post("/sms", take)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    provider.url = f"http://127.0.0.1:{listening.getsockname()[1]}/sms"
    try:
        yield provider
    finally:
        await runner.cleanup()


async def _talk(box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    receivers: list[str] = []

    async def say(line: str) -> None:
        writer.write(f"{line}\r\n".encode())
        await writer.drain()

    await say("220 here")
    while line := (await reader.readline()).decode().strip():
        word = line.split(":")[0].upper()
        if word == "RCPT TO":
            receivers.append(line.partition("<")[2].partition(">")[0])
        if word == "DATA":
            await say("354 go on")
            words = (await reader.readuntil(b"\r\n.\r\n")).decode()
            if box.refuses:
                await say(box.refuses.pop(0))
                continue
            box.mails.append((receivers, words))
            receivers = []
        if word == "QUIT":
            await say("221 bye")
            break
        await say("250 ok")
    writer.close()
