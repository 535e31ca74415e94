"""What intake does with attachments: first the file is safe, then a row points to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.attachments.models import Attachment, TicketAttachment
from services.intake.attachments.receiving import Received
from services.intake.attachments.store import Store
from services.intake.models import Ticket
from services.intake.operations import say
from shared.database import Connection, Pool
from shared.events.callers import TicketAttached
from shared.events.kinds import AttachmentKind
from shared.events.words import State
from shared.problems import field_error
from shared.runtime import Runtime

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended({name}, 5))"
LOCK_NAME = text(LOCK.format(name=":name"))
FORGET_CO_HANDLERS = "DELETE FROM co_handlers WHERE ticket_id = ANY($1::uuid[])"
KEEP_CO_HANDLERS = """INSERT INTO co_handlers (ticket_id, unit)
SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[])"""
REMOVE_UNTAKEN = """DELETE FROM attachments a
WHERE kept_at < clock_timestamp() - make_interval(secs => $1)
    AND NOT EXISTS (SELECT FROM ticket_attachments t WHERE t.attachment_id = a.id)"""
IS_KEPT = "SELECT EXISTS (SELECT FROM attachments WHERE sha256 = $1)"


@dataclass(frozen=True, slots=True)
class Person:
    """Who uploads or attaches; `unit` for a unit's people."""

    subject: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A file on a ticket."""

    file: Attachment
    on_ticket: TicketAttachment


async def keep_file(
    session: AsyncSession, runtime: Runtime, store: Store, received: Received, *, by: str
) -> tuple[Attachment, bool]:
    """The row of a file that is in the store already, and whether it is new.

    The same content from the same person is the same row. The sweep takes the lock too: what it
    removed before we had it is put again.
    """
    await session.execute(LOCK_NAME, {"name": received.sha256})
    if not await store.has(received.sha256):
        await store.put(received.sha256, received.path)
    known = await session.execute(
        select(Attachment)
        .where(Attachment.uploaded_by == by, Attachment.sha256 == received.sha256)
        .with_for_update()
    )
    row = known.scalar_one_or_none()
    if row is not None:
        return row, False
    row = Attachment(
        id=uuid7(),
        sha256=received.sha256,
        bytes=received.bytes,
        media_type=received.media_type,
        filename=received.filename,
        uploaded_by=by,
        uploaded_at=await runtime.clock.now(session),
    )
    session.add(row)
    await session.flush()
    return row, True


async def attach(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    files: Sequence[UUID],
    *,
    kind: AttachmentKind,
    by: Person,
) -> list[Added]:
    """Put files that the same person uploaded on a ticket whose row is locked; say each once.

    What is on it already stays as it is. Raises `Malformed` for a file that is not theirs.
    """
    found = await session.execute(
        select(Attachment)
        .where(Attachment.id.in_(files), Attachment.uploaded_by == by.subject)
        .with_for_update()
    )
    rows = {row.id: row for row in found.scalars()}
    if missing := [one for one in files if one not in rows]:
        shown = "、".join(str(one) for one in missing)
        raise field_error(
            "attachments", "unknown_attachment", f"不是您上传的附件，或已过期：{shown}"
        )
    known = await session.execute(
        select(TicketAttachment).where(
            TicketAttachment.ticket_id == ticket.id, TicketAttachment.attachment_id.in_(files)
        )
    )
    on_ticket = {row.attachment_id: row for row in known.scalars()}
    at = await runtime.clock.now(session)
    for one in dict.fromkeys(files):
        if one in on_ticket:
            continue
        on_ticket[one] = TicketAttachment(
            ticket_id=ticket.id,
            attachment_id=one,
            kind=kind.value,
            unit=by.unit,
            attached_by=by.subject,
            attached_at=at,
        )
        session.add(on_ticket[one])
        # Nobody else knows a ticket that is being verified: its files are said after it is.
        if ticket.state != State.VERIFYING:
            await say(session, runtime, ticket, at, said_of(rows[one], on_ticket[one]))
    return [Added(rows[one], on_ticket[one]) for one in dict.fromkeys(files)]


async def say_files(session: AsyncSession, runtime: Runtime, ticket: Ticket, at: datetime) -> None:
    """Say the files of a ticket that others have just heard of."""
    rows = await session.execute(
        select(Attachment, TicketAttachment)
        .join(TicketAttachment, TicketAttachment.attachment_id == Attachment.id)
        .where(TicketAttachment.ticket_id == ticket.id)
        .order_by(Attachment.id)
    )
    for file, on_ticket in rows.all():
        await say(session, runtime, ticket, at, said_of(file, on_ticket))


def said_of(file: Attachment, on_ticket: TicketAttachment) -> TicketAttached:
    """The fact that a file is on a ticket; its name may be personal and is not said."""
    return TicketAttached(
        attachment=file.id,
        kind=AttachmentKind(on_ticket.kind),
        media_type=file.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        unit=on_ticket.unit,
        attached_by=on_ticket.attached_by,
    )


async def keep_co_handlers(
    connection: Connection, chosen: Sequence[tuple[str, Sequence[str]]]
) -> None:
    """Keep who handles with the lead of each ticket, in place of those before."""
    await connection.execute(FORGET_CO_HANDLERS, [ticket for ticket, _ in chosen])
    pairs = [(ticket, unit) for ticket, units in chosen for unit in units]
    if pairs:
        await connection.execute(KEEP_CO_HANDLERS, *zip(*pairs, strict=True))


async def sweep(pool: Pool, store: Store, *, seconds: float) -> int:
    """Remove uploads that no ticket took, then files that no row points to; return how many."""
    await pool.execute(REMOVE_UNTAKEN, seconds)
    removed = 0
    async for name in store.older(seconds):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK.format(name="$1::text"), name)
            if not await connection.fetchval(IS_KEPT, name):
                await store.remove(name)
                removed += 1
    return removed


async def require_evidence(
    session: AsyncSession, ticket_id: UUID, evidence: Sequence[UUID]
) -> None:
    """Raise `Malformed` where a file that is named as evidence is not on the ticket."""
    on_ticket = await session.scalar(
        select(func.count()).where(
            TicketAttachment.ticket_id == ticket_id, TicketAttachment.attachment_id.in_(evidence)
        )
    )
    if on_ticket != len(set(evidence)):
        raise field_error("evidence", "unknown_attachment", "所列附件须已上传到本工单")
