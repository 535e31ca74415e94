"""A load of POST requests over kept connections, so cheap that the server is what is measured."""

import asyncio
import time
from collections.abc import Callable

import httptools


class _Connection(asyncio.Protocol):
    """One kept connection: sends the next request when an answer is whole."""

    def __init__(self, make_request: Callable[[], bytes], counts: dict[int, int]) -> None:
        self._make_request = make_request
        self._counts = counts
        self.is_running = True
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._counts[status] = self._counts.get(status, 0) + 1
        if self.is_running:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(self._make_request())


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of one request."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def drive(
    port: int,
    make_request: Callable[[], bytes],
    *,
    connections: int,
    warm_up_seconds: float,
    seconds: float,
) -> float:
    """Requests answered with 2xx per second. Raises `AssertionError` for any other answer."""
    loop = asyncio.get_running_loop()
    counts: dict[int, int] = {}
    open_connections = [
        (
            await loop.create_connection(
                lambda: _Connection(make_request, counts), "127.0.0.1", port
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(warm_up_seconds)
    before, started = dict(counts), time.perf_counter()
    await asyncio.sleep(seconds)
    after, elapsed = dict(counts), time.perf_counter() - started
    for connection in open_connections:
        connection.is_running = False
    await asyncio.wait_for(asyncio.gather(*(c.closed for c in open_connections)), timeout=20)
    bad = {status: count for status, count in counts.items() if not 200 <= status < 300}
    assert not bad, bad
    return (sum(after.values()) - sum(before.values())) / elapsed
