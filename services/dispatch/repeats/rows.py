"""Tickets as similarity reads them, and the frequencies that a process keeps in memory."""

import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import orjson
from asyncpg import Record

from services.dispatch.repeats.features import SCHEME, Frequencies
from shared.database import Connection
from shared.events.words import RequestType, State

COLUMNS = """t.id, t.number, t.jurisdiction, t.handled_in, t.unit, t.about_unit, t.secrecy,
    t.state, t.main, t.request_type, t.title, t.content, t.place::text AS place, t.caller_id,
    coalesce(t.filed_at, t.accepted_at, t.closed_at) AS filed_at"""
NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"
VERSION = "SELECT version FROM repeat_frequencies WHERE scheme = $1"
FREQUENCIES = "SELECT version, documents, counts FROM repeat_frequencies WHERE scheme = $1"


class Like(NamedTuple):
    """A ticket that may be like another."""

    id: UUID
    number: str
    jurisdiction: str
    handled_in: str | None
    unit: str | None
    about_unit: str | None
    secrecy: str
    state: State
    main: UUID | None
    request_type: RequestType
    title: str
    content: str
    place: Mapping[str, Any] | None
    caller_id: UUID | None
    filed_at: datetime


class FrequencyBook:
    """The frequencies in memory, read again when there are newer ones."""

    def __init__(self) -> None:
        self._version = -1
        self._known = Frequencies.empty()

    async def read(self, connection: Connection) -> Frequencies:
        """What is known now; nothing on a young platform."""
        version = await connection.fetchval(VERSION, SCHEME)
        if version is None or version == self._version:
            return self._known
        row = await connection.fetchrow(FREQUENCIES, SCHEME)
        assert row is not None, "the row stays once it is there"
        counts = np.frombuffer(zlib.decompress(row["counts"]), dtype="<u4").astype(np.uint32)
        self._version, self._known = row["version"], Frequencies(row["documents"], counts)
        return self._known


def like_of(row: Record) -> Like:
    """A row of `COLUMNS`."""
    read: dict[str, Callable[[Any], Any]] = {
        "state": State,
        "request_type": RequestType,
        "place": lambda place: place and orjson.loads(place),
    }
    return Like(*(read.get(name, _same)(row[name]) for name in Like._fields))


def _same(value: Any) -> Any:  # noqa: ANN401  any column
    return value
