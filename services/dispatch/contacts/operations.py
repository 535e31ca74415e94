"""Changing how a unit is reached: the whole list at once."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.contacts.models import UnitContact
from services.dispatch.contacts.sight import find_unit_of
from shared.audit import Entry, note
from shared.events.words import DutyHours
from shared.security import Principal


class Contact(NamedTuple):
    """One way to reach a unit: `kind` is `phone` or `email`."""

    kind: str
    address: str
    duty_hours: DutyHours


async def put_contacts(
    session: AsyncSession, *, caller: Principal, code: str, contacts: Sequence[Contact]
) -> None:
    """Put these contacts in the place of those that the unit had (B13, B15).

    Raises `NotFound` for a unit that is not the caller's.
    """
    await find_unit_of(session, code, caller=caller, is_locked=True)
    await session.execute(delete(UnitContact).where(UnitContact.unit == code))
    rows = {(one.kind, one.address): {"unit": code, **one._asdict()} for one in contacts}
    if rows:
        await session.execute(insert(UnitContact), list(rows.values()))
    detail = {"rows": len(rows)}
    await note(
        session, Entry("unit.contacts_changed", code, caller.subject, detail=detail), at=None
    )
