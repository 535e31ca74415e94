"""A worker that is told to stop stops, even in the moment in which it was woken."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from shared.bus.postgres import PostgresReader
from shared.bus.protocol import TopicPartition


class SilentConnection:
    """Has no records, and tells who listens on it."""

    def __init__(self) -> None:
        self.wake: asyncio.Future[Callable[..., None]] = asyncio.Future()

    async def add_listener(self, _channel: str, listener: Callable[..., None]) -> None:
        self.wake.set_result(listener)

    async def fetch(self, *_: object) -> list[Any]:
        return []


async def nothing_stored() -> dict[TopicPartition, int]:
    return {}


async def test_a_reader_that_is_woken_and_cancelled_at_once_ends() -> None:
    connection: Any = SilentConnection()
    reader = PostgresReader(connection, ["tickets"], nothing_stored)
    await reader.rewind()
    fetching = asyncio.create_task(reader.fetch(10, wait_seconds=60))
    wake = await connection.wake
    await asyncio.sleep(0)
    wake()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
