"""Loading a calendar: checked, kept, said, and its recompute begun, in one transaction."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.calendars.rules import Change, change_of, span_of
from services.sla.models import Base, Publication, Recompute
from services.sla.policies.operations import lock_law, speak
from services.sla.policies.rules import File
from shared import telemetry
from shared.audit import Entry, note
from shared.events.sla import CalendarPublished
from shared.lawbook import BUMP
from shared.policy.calendar_files import CalendarFile, read_calendar_file
from shared.policy.kept_calendars import calendar_hash, dump_calendar
from shared.policy.load import NATIONAL
from shared.runtime import Runtime

CALENDARS = Base.metadata.tables["calendars"]
FIRST = UUID(int=0)


class Loaded(NamedTuple):
    """A calendar that is published; `is_new` is false where it was published before."""

    file: CalendarFile
    hash: str
    jurisdiction: str
    published_at: datetime
    is_new: bool


async def load_calendar(session: AsyncSession, runtime: Runtime, file: File, *, by: str) -> Loaded:
    """Publish a calendar file and begin its recompute (C6).

    Raises `PolicyFileError` with every problem of the file.
    """
    found = read_calendar_file(file.name, file.text)
    content_hash, place = calendar_hash(found), found.jurisdiction or NATIONAL
    await lock_law(session)
    before = await session.scalar(
        select(CALENDARS.c.published_at).where(CALENDARS.c.hash == content_hash)
    )
    if before is not None:
        return Loaded(found, content_hash, place, before, is_new=False)
    law = await runtime.law_book.read_in(session)
    at = await _keep(session, runtime, found, content_hash=content_hash)
    session.add(
        Publication(
            hash=content_hash, jurisdiction=place, file=file.name, text=file.text, published_by=by
        )
    )
    later = await runtime.law_book.read_in(session)
    change = change_of(found, law.calendar(place), later.calendar(place))
    session.add(_recompute(content_hash, place, change, at))
    detail = {"hash": content_hash}
    await note(session, Entry("calendar.published", place, by, detail=detail), at=at)
    await session.flush()
    telemetry.log.info("calendar_published", jurisdiction=place, hash=content_hash, by=by)
    return Loaded(found, content_hash, place, at, is_new=True)


async def _keep(
    session: AsyncSession, runtime: Runtime, file: CalendarFile, *, content_hash: str
) -> datetime:
    dumped, place = dump_calendar(file), file.jurisdiction or NATIONAL
    payload = CalendarPublished(
        jurisdiction=place, hash=content_hash, calendar=orjson.dumps(dumped).decode()
    )
    event = await speak(session, runtime, place, payload)
    kept = {
        "hash": content_hash,
        "jurisdiction": place,
        "number": event.sequence,
        "published_at": event.time,
        "calendar": dumped,
    }
    await session.execute(insert(CALENDARS).values(kept))
    await session.execute(text(BUMP))
    return event.time


def _recompute(content_hash: str, place: str, change: Change, at: datetime) -> Recompute:
    return Recompute(
        hash=content_hash,
        jurisdiction=place,
        days=list(change.days),
        years=list(change.years),
        after_ticket=FIRST,
        after_step="",
        after_version=0,
        started_at=at,
        finished_at=at if span_of(change) is None else None,
    )
