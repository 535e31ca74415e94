"""What one service holds open while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.clock import Clock
from shared.database import Database, open_database
from shared.events.words import Service
from shared.lawbook import LawBook
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Runtime:
    """A service's name, settings, clock and database, and the law that it has heard."""

    service: Service
    settings: Settings
    clock: Clock
    database: Database
    law_book: LawBook = field(default_factory=LawBook)

    @property
    def source(self) -> str:
        """The CloudEvents source of what this service says, such as `/530000/intake`."""
        return source_of(self.settings.platform, self.service)


def source_of(platform: str, service: Service) -> str:
    """The CloudEvents source of a service of a platform."""
    return f"/{platform}/{service}"


@asynccontextmanager
async def open_runtime(
    service: Service, settings: Settings, clock: Clock
) -> AsyncIterator[Runtime]:
    """Open a service's database; close it again at the end."""
    async with open_database(service, settings) as database:
        yield Runtime(service, settings, clock, database)
