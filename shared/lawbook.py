"""The law that a service has heard: packs and calendars in its own tables, read into a `Law`.

sla publishes; sla, intake and dispatch keep. What is kept is never forgotten (C1).
"""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared import telemetry
from shared.calendars import local
from shared.database import Connection
from shared.events.envelope import Event
from shared.events.sla import CalendarPublished, PolicyPublished
from shared.inbox import Handlers, Heard
from shared.policy.calendar_files import CalendarFile
from shared.policy.kept_calendars import restore_calendar
from shared.policy.law import Law, builtin_law, make_law
from shared.policy.load import builtin_packs, restore_pack
from shared.policy.model import Pack

VERSION = "SELECT version FROM law_version"
# Who publishes waits until all who work by the old law have committed: a recompute then sees them.
HELD_VERSION = f"{VERSION} FOR KEY SHARE"
# `number` counts what was said of a jurisdiction: of two versions of one day the later holds.
POLICIES = "SELECT hash, pack::text AS pack FROM policies ORDER BY jurisdiction, number"
CALENDARS = "SELECT hash, calendar::text AS calendar FROM calendars ORDER BY jurisdiction, number"
KEEP_POLICIES = """INSERT INTO policies (hash, jurisdiction, version, effective_from, number,
    published_at, pack)
SELECT DISTINCT ON (1) * FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::int[],
    $6::timestamptz[], $7::jsonb[]) ON CONFLICT (hash) DO NOTHING RETURNING hash"""
KEEP_CALENDARS = """INSERT INTO calendars (hash, jurisdiction, number, published_at, calendar)
SELECT DISTINCT ON (1) * FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[],
    $5::jsonb[]) ON CONFLICT (hash) DO NOTHING RETURNING hash"""
# A sequence is not rolled back: what a process read and was never committed is known by no number.
BUMP = "UPDATE law_version SET version = nextval('law_versions')"

Rows = Iterable[Any]


def add_law_tables(metadata: MetaData) -> None:
    """`policies`, `calendars` and `law_version`, in `metadata`'s schema."""
    Sequence("law_versions", metadata=metadata)
    Table(
        "policies",
        metadata,
        Column("hash", Text, primary_key=True),
        Column("jurisdiction", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("effective_from", Date, nullable=False),
        Column("number", Integer, nullable=False),
        Column("published_at", DateTime(timezone=True), nullable=False),
        Column("pack", JSONB, nullable=False),
    )
    Table(
        "calendars",
        metadata,
        Column("hash", Text, primary_key=True),
        Column("jurisdiction", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("published_at", DateTime(timezone=True), nullable=False),
        Column("calendar", JSONB, nullable=False),
    )
    Table("law_version", metadata, Column("version", BigInteger, primary_key=True))


class LawBook:
    """The law in a process's memory, read again when something was published. One a service."""

    def __init__(self) -> None:
        self._version = -1
        self._law = builtin_law()
        self._packs: dict[str, Pack] = {}

    @property
    def known(self) -> Law:
        """The law as it was read last: good for a guess that is looked at again."""
        return self._law

    async def read(self, connection: Connection, *, is_held: bool = True) -> Law:
        """The law; held, nobody changes it before the connection's transaction ends."""
        query = HELD_VERSION if is_held else VERSION
        return await self.read_version(connection, await connection.fetchval(query))

    async def read_version(self, connection: Connection, version: int) -> Law:
        """The law of a version that another statement of the transaction has already found."""
        if version != self._version:
            # The version came first: rows newer than it are only read once more.
            policies = await connection.fetch(POLICIES)
            calendars = await connection.fetch(CALENDARS)
            self._keep(version, policies, calendars)
        return self._law

    async def read_in(self, session: AsyncSession, *, is_held: bool = False) -> Law:
        """The law as it is; held, nobody changes it before the session's transaction ends.

        Hold it where a time that follows from it is written down.
        """
        query = HELD_VERSION if is_held else VERSION
        version: int = (await session.execute(text(query))).scalar_one()
        if version != self._version:
            policies = (await session.execute(text(POLICIES))).all()
            calendars = (await session.execute(text(CALENDARS))).all()
            self._keep(version, policies, calendars)
        return self._law

    def _keep(self, version: int, policies: Rows, calendars: Rows) -> None:
        self._packs = {key: pack for key, text_ in policies if (pack := self._pack(key, text_))}
        files = [file for key, text_ in calendars if (file := _calendar(key, text_))]
        self._version, self._law = version, _law(self._packs, files)

    def _pack(self, content_hash: str, dumped: str) -> Pack | None:
        known = self._packs.get(content_hash)
        if known is not None:
            return known
        try:
            return restore_pack(orjson.loads(dumped))
        except ValidationError as error:
            # A newer sla may say what this process cannot read yet: the rest of the law holds.
            telemetry.log.error("policy_not_readable", hash=content_hash, error=str(error))
            return None


async def keep_policies(connection: Connection, events: list[Event[PolicyPublished]]) -> None:
    """Keep published packs by content hash; what is kept already stays as it is."""
    kept = await connection.fetch(
        KEEP_POLICIES,
        [event.data.hash for event in events],
        [event.data.jurisdiction for event in events],
        [event.data.version for event in events],
        [local(event.data.effective_from).date() for event in events],
        [event.sequence for event in events],
        [event.time for event in events],
        [event.data.pack for event in events],
    )
    if kept:
        await connection.execute(BUMP)


async def keep_calendars(connection: Connection, events: list[Event[CalendarPublished]]) -> None:
    """Keep published calendars by content hash; what is kept already stays as it is."""
    kept = await connection.fetch(
        KEEP_CALENDARS,
        [event.data.hash for event in events],
        [event.data.jurisdiction for event in events],
        [event.sequence for event in events],
        [event.time for event in events],
        [event.data.calendar for event in events],
    )
    if kept:
        await connection.execute(BUMP)


def law_handlers() -> Handlers:
    """What a service that keeps the law does with what sla publishes."""
    return {PolicyPublished: _on_policy_published, CalendarPublished: _on_calendar_published}


async def _on_policy_published(heard: Heard, events: list[Event[PolicyPublished]]) -> None:
    await keep_policies(heard.connection, events)


async def _on_calendar_published(heard: Heard, events: list[Event[CalendarPublished]]) -> None:
    await keep_calendars(heard.connection, events)


def _calendar(content_hash: str, dumped: str) -> CalendarFile | None:
    try:
        return restore_calendar(orjson.loads(dumped))
    except ValidationError as error:
        telemetry.log.error("calendar_not_readable", hash=content_hash, error=str(error))
        return None


def _law(published: dict[str, Pack], files: list[CalendarFile]) -> Law:
    """A built-in pack holds until a pack of its jurisdiction is heard; it is known for ever."""
    builtin = builtin_packs()
    codes = {pack.code for pack in published.values()}
    unheard = [pack for code, pack in builtin.items() if code not in codes]
    law = make_law([*unheard, *published.values()], files)
    # A pack that was kept by an older process may hash otherwise today: both names find it.
    names = {pack.content_hash: pack for pack in builtin.values()} | dict(law.by_hash) | published
    return replace(law, by_hash=MappingProxyType(names))
