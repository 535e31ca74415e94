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
        self.listener: Callable[..., None] | None = None

    async def add_listener(self, _channel: str, listener: Callable[..., None]) -> None:
        self.listener = listener

    async def fetch(self, *_: object) -> list[Any]:
        return []


async def nothing_stored() -> dict[TopicPartition, int]:
    return {}


async def test_a_reader_that_is_woken_and_cancelled_at_once_ends() -> None:
    connection: Any = SilentConnection()
    reader = PostgresReader(connection, ["tickets"], nothing_stored)
    await reader.rewind()
    fetching = asyncio.create_task(reader.fetch(10, wait_seconds=60))
    while connection.listener is None:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection.listener()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
