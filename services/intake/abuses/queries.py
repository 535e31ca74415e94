"""What people look up of abuse."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.abuses.models import AbuseNotice, AbuseRecord
from services.intake.models import Ticket
from shared.jurisdictions import covers
from shared.places import lies_in
from shared.problems import NotFound
from shared.security import Principal


async def list_abuses(
    session: AsyncSession,
    jurisdiction: str,
    *,
    category: str | None,
    after: UUID | None,
    limit: int,
) -> list[AbuseRecord]:
    """Records of a place and of those within it, newest first."""
    within = lies_in(AbuseRecord.jurisdiction, jurisdiction)
    statement = select(AbuseRecord).where(within).order_by(AbuseRecord.id.desc()).limit(limit)
    if category is not None:
        statement = statement.where(AbuseRecord.category == category)
    if after is not None:
        statement = statement.where(AbuseRecord.id < after)
    return list(await session.scalars(statement))


async def list_notices(
    session: AsyncSession,
    jurisdiction: str,
    *,
    is_signed: bool | None,
    after: UUID | None,
    limit: int,
) -> list[AbuseNotice]:
    """Documents of a place and of those within it, newest first."""
    within = lies_in(AbuseNotice.jurisdiction, jurisdiction)
    statement = select(AbuseNotice).where(within).order_by(AbuseNotice.id.desc()).limit(limit)
    if is_signed is not None:
        is_draft = AbuseNotice.signed_at.is_(None)
        statement = statement.where(~is_draft if is_signed else is_draft)
    if after is not None:
        statement = statement.where(AbuseNotice.id < after)
    return list(await session.scalars(statement))


async def find_notice(session: AsyncSession, notice_id: UUID, *, caller: Principal) -> AbuseNotice:
    """A document that is the caller's to see. Raises `NotFound`."""
    notice = await session.get(AbuseNotice, notice_id)
    if notice is None or not covers(caller.jurisdiction, notice.jurisdiction):
        raise NotFound
    return notice


async def find_records(
    session: AsyncSession, ids: Sequence[UUID]
) -> list[tuple[AbuseRecord, Ticket]]:
    """Records with their tickets, oldest first."""
    rows = await session.execute(
        select(AbuseRecord, Ticket)
        .join(Ticket, Ticket.id == AbuseRecord.ticket_id)
        .where(AbuseRecord.id.in_(ids))
        .order_by(AbuseRecord.id)
    )
    return [(record, ticket) for record, ticket in rows]
