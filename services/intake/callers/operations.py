"""Looking up what one telephone number asked for before: written down, like every look."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.identity import Vault
from services.intake.models import Caller, Ticket
from services.intake.rules import normal_phone
from services.intake.sight import is_theirs
from shared import audit
from shared.runtime import Runtime
from shared.security import Principal


class Wanted(NamedTuple):
    """Whose requests, why they are looked up, and where the page begins."""

    phone: str
    purpose: str
    after: UUID | None
    limit: int


async def look_up_history(
    session: AsyncSession, runtime: Runtime, vault: Vault, *, caller: Principal, wanted: Wanted
) -> tuple[UUID | None, list[Ticket]]:
    """The opaque id of a number, and its tickets that the asker may see, newest first (A7)."""
    await vault.ready()
    index = vault.phone_index(normal_phone(wanted.phone))
    caller_id = await session.scalar(select(Caller.id).where(Caller.phone_index == index))
    if caller_id is None:
        return None, []
    at = await runtime.clock.now(session)
    entry = audit.Entry("caller.looked_up", str(caller_id), caller.subject, wanted.purpose)
    await audit.note(session, entry, at=at)
    statement = (
        select(Ticket)
        .where(Ticket.caller_id == caller_id, is_theirs(caller))
        .order_by(Ticket.id.desc())
        .limit(wanted.limit)
    )
    if wanted.after is not None:
        statement = statement.where(Ticket.id < wanted.after)
    return caller_id, list(await session.scalars(statement))
