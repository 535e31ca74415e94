"""What a service needs of a bus."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent; messages of one key keep their order."""

    topic: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What is read."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes


LoadOffsets = Callable[[], Awaitable[dict[TopicPartition, int]]]
"""The offsets kept beside the effects; a partition that is not in it is read from its begin."""


class Publisher(Protocol):
    """Sends messages."""

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Send and wait; for each message its failure, or none. Raises when the bus is gone."""

    async def close(self) -> None:
        """Let go of the connection."""


class Reader(Protocol):
    """Reads as one member of a group; reading starts where `LoadOffsets` says."""

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        """Up to `limit` records, in order per partition; empty when none came in time.

        Raises when it stalls or the bus is gone: make a new reader.
        """

    async def rewind(self) -> None:
        """Go back to the stored offsets, after a batch that failed."""

    async def close(self) -> None:
        """Leave the group."""


class Bus(Protocol):
    """Opens publishers and readers."""

    async def create_topics(self, topics: Sequence[str]) -> None:
        """Make the topics that are missing; leave the others as they are."""

    async def open_publisher(self) -> Publisher:
        """A publisher that is connected."""

    async def open_reader(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets
    ) -> Reader:
        """A reader that has joined its group."""

    async def forget_old(self) -> int:
        """Delete what is past its retention, where the bus does not by itself; how many."""
