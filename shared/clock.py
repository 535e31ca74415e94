"""What time it is. The database's own time, or a time that a simulation steps forward."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass
class Clock:
    """`stepped` is none in ordinary life: then the database says what time it is.

    A set-based statement takes `stepped` as an argument: `coalesce($1, clock_timestamp())`.
    """

    stepped: datetime | None = None

    def step_to(self, time: datetime) -> None:
        """Move a simulated clock forward; it never runs back."""
        assert self.stepped is not None, "only a stepped clock can be moved"
        assert time >= self.stepped, "a clock never runs back"
        self.stepped = time

    async def now(self, session: AsyncSession) -> datetime:
        """The time of an act: call it after the lock on the row (`now()` would be too early)."""
        if self.stepped is not None:
            return self.stepped
        time: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return time.astimezone(UTC)
