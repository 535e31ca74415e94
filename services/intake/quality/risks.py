"""Noting why a ticket must be checked, in the transaction of what says so."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.quality.models import QualityRisk
from services.intake.quality.rules import Reason
from shared.database import Connection

KEEP = """INSERT INTO quality_risks (ticket_id, reason, at)
SELECT ticket_id, $2, at FROM unnest($1::uuid[], $3::timestamptz[]) AS g (ticket_id, at)
ON CONFLICT (ticket_id) DO NOTHING"""


async def note_risk(
    session: AsyncSession, ticket_id: UUID, reason: Reason, *, at: datetime
) -> None:
    """A ticket must be checked; the first reason is kept."""
    row = insert(QualityRisk).values(ticket_id=ticket_id, reason=reason, at=at)
    await session.execute(row.on_conflict_do_nothing())


async def note_risks(
    connection: Connection, tickets: Sequence[tuple[UUID, datetime]], reason: Reason
) -> None:
    """The same for many."""
    ids, moments = zip(*tickets, strict=True)
    await connection.execute(KEEP, ids, reason, moments)
