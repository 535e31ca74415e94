"""A TCP proxy between two platforms: it passes on, late; it swallows; it resets."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

CHUNK_BYTES = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST."""


class Weather(StrEnum):
    """How the line is."""

    FAIR = "fair"
    ROUGH = "rough"
    """Late, and each connection is reset after a random number of bytes, be it in an answer."""
    BLACK_HOLE = "black hole"
    """Everybody may connect and talk; nothing arrives, nothing is answered."""
    RESETS = "resets"
    """Every connection is reset at once."""


@dataclass
class Proxy:
    """Stands before one platform's door."""

    target_port: int
    seed: int = 0
    late_seconds_max: float = 0.02
    rough_bytes_max: int = 400_000
    port: int = 0
    weather: Weather = Weather.FAIR
    resets: int = 0
    swallowed_bytes: int = 0
    _random: random.Random = field(default_factory=random.Random)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where other platforms reach the door."""
        return f"http://127.0.0.1:{self.port}"

    def turn(self, weather: Weather) -> None:
        """Change the weather; connections that are open have it at once.

        What stood in a black hole has lost bytes: it is reset when the hole is gone.
        """
        was, self.weather = self.weather, weather
        if weather is Weather.RESETS or was is Weather.BLACK_HOLE:
            for writer in list(self._writers):
                self._reset(writer)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        """Answer on a free port of loopback."""
        self._random.seed(self.seed)
        server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in list(self._writers):
                self._reset(writer)
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.weather is Weather.RESETS:
                self._reset(writer)
                return
            with suppress(OSError, asyncio.CancelledError):
                await self._join(reader, writer)
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._writers.add(far_writer)
        left = [self._random.randrange(self.rough_bytes_max)]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, left))
                group.create_task(self._pump(far_reader, writer, left))
        except* OSError:
            self._reset(writer)
        finally:
            self._writers.discard(far_writer)
            far_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if self.weather is Weather.BLACK_HOLE:
                self.swallowed_bytes += len(chunk)
                continue
            if self.weather is Weather.ROUGH:
                left[0] -= len(chunk)
                if left[0] < 0:
                    raise ConnectionResetError
            # The line's own delay, not a wait for something.
            await asyncio.sleep(self._random.uniform(0, self.late_seconds_max))
            writer.write(chunk)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        self.resets += 1
        sock = writer.get_extra_info("socket")
        # None: it is closed already.
        with suppress(OSError, AttributeError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
