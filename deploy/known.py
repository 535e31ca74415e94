"""The law that commands explain: what this platform has published, else the built-in packs."""

import asyncio

import asyncpg

from deploy.local import data_dir, local_settings
from shared.clock import Clock
from shared.events.words import Service
from shared.lawbook import LawBook
from shared.policy.law import Law, builtin_law
from shared.runtime import open_runtime
from shared.settings import Settings, read_settings


def known_law() -> Law:
    """The published packs and calendars where the environment or the data folder has a database.

    A database without their tables has had nothing published.
    """
    if not read_settings(Service.SLA).database_url and not (data_dir() / "postgres").is_dir():
        return builtin_law()
    with local_settings(data_dir()) as settings:
        try:
            return asyncio.run(_read(settings))
        except asyncpg.UndefinedTableError:
            return builtin_law()


async def _read(settings: Settings) -> Law:
    async with (
        open_runtime(Service.SLA, settings, Clock()) as runtime,
        runtime.database.pool.acquire() as connection,
    ):
        return await LawBook().read(connection)
