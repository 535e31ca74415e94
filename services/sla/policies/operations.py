"""Publishing packs: checked against all that is known, kept, and said, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Base, Publication, Voice
from services.sla.policies.rules import File, midnight, parents_first, replaced, resolve
from shared import outbox, telemetry
from shared.audit import Entry, note
from shared.events.envelope import Event, P
from shared.events.sla import PolicyPublished
from shared.lawbook import BUMP
from shared.policy.errors import FileProblem, PolicyFileError
from shared.policy.hotlines import registry_problems
from shared.policy.load import builtin_packs, dump_pack
from shared.policy.model import Pack
from shared.runtime import Runtime
from shared.telemetry import current_traceparent

BUILTIN = "builtin"
"""Who published the packs that come with the platform."""
LOCK = text("SELECT version FROM law_version FOR UPDATE")
POLICIES = Base.metadata.tables["policies"]


class Published(NamedTuple):
    """A pack that is published; `is_new` is false where it was published before."""

    pack: Pack
    hash: str
    published_at: datetime
    is_new: bool


async def publish_policies(
    session: AsyncSession, runtime: Runtime, files: Sequence[File], *, by: str
) -> list[Published]:
    """Publish files, all or none, parents first.

    Raises `PolicyFileError` with every problem of every file, a merge registry that may not change
    so among them (A16: GS 四(四), XS 六(二)).
    """
    # An operator's version comes after the built-in ones, whoever is first.
    await publish_builtin(session, runtime)
    now = await runtime.clock.now(session)
    found, problems = list[Published](), list[FileProblem]()
    for file in parents_first(files):
        try:
            law = await runtime.law_book.read_in(session)
            pack = resolve(file, law, now=now)
        except PolicyFileError as error:
            problems += error.problems
        else:
            problems += registry_problems(replaced(law, pack), pack, file=file.name)
            found.append(await _publish(session, runtime, pack, file=file, by=by))
    if problems:
        raise PolicyFileError(problems)
    return found


async def publish_builtin(session: AsyncSession, runtime: Runtime) -> list[Published]:
    """Publish the packs that come with the platform, but those that are published already.

    Where the last of a jurisdiction is an operator's own, a new built-in one is not put over it.
    """
    await lock_law(session)
    found = list[Published]()
    for code, pack in builtin_packs().items():
        last = await _last_publisher(session, code)
        if last not in (None, BUILTIN):
            telemetry.log.info("builtin_policy_not_published", jurisdiction=code, last_by=last)
            continue
        file = File(f"{code}.toml", "")
        found.append(await _publish(session, runtime, pack, file=file, by=BUILTIN))
    return found


async def lock_law(session: AsyncSession) -> None:
    """Nobody else publishes, and whoever works by the old law has committed."""
    await session.execute(LOCK)


async def speak(session: AsyncSession, runtime: Runtime, jurisdiction: str, payload: P) -> Event[P]:
    """Say something of a jurisdiction's law. Hold the lock on the law."""
    voice = await session.get(Voice, jurisdiction, populate_existing=True)
    if voice is None:
        voice = Voice(jurisdiction=jurisdiction, sequence=0)
        session.add(voice)
    voice.sequence += 1
    at = await runtime.clock.now(session)
    event = Event(runtime.source, jurisdiction, voice.sequence, at, payload, current_traceparent())
    await outbox.add(session, event)
    return event


async def _publish(
    session: AsyncSession, runtime: Runtime, pack: Pack, *, file: File, by: str
) -> Published:
    content_hash = pack.content_hash
    before = await session.scalar(
        select(POLICIES.c.published_at).where(POLICIES.c.hash == content_hash)
    )
    if before is not None:
        return Published(pack, content_hash, before, is_new=False)
    dumped = dump_pack(pack)
    payload = PolicyPublished(
        jurisdiction=pack.code,
        version=pack.version,
        effective_from=midnight(pack.effective_from.value),
        hash=content_hash,
        pack=orjson.dumps(dumped).decode(),
    )
    event = await speak(session, runtime, pack.code, payload)
    kept = {
        "hash": content_hash,
        "jurisdiction": pack.code,
        "version": pack.version,
        "effective_from": pack.effective_from.value,
        "number": event.sequence,
        "published_at": event.time,
        "pack": dumped,
    }
    await session.execute(insert(POLICIES).values(kept))
    await session.execute(text(BUMP))
    session.add(
        Publication(
            hash=content_hash,
            jurisdiction=pack.code,
            file=file.name,
            text=file.text or None,
            published_by=by,
        )
    )
    detail = {"hash": content_hash, "version": pack.version}
    await note(session, Entry("policy.published", pack.code, by, detail=detail), at=event.time)
    await session.flush()
    telemetry.log.info("policy_published", jurisdiction=pack.code, hash=content_hash, by=by)
    return Published(pack, content_hash, event.time, is_new=True)


async def _last_publisher(session: AsyncSession, code: str) -> str | None:
    found: str | None = await session.scalar(
        select(Publication.published_by)
        .join(POLICIES, POLICIES.c.hash == Publication.hash)
        .where(POLICIES.c.jurisdiction == code)
        .order_by(POLICIES.c.number.desc())
        .limit(1)
    )
    return found
