"""What follows when many tickets were dispatched by rule at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.dispatch.co_handling.batches import keep_many
from services.dispatch.reminders.operations import Reminder, remind_units
from services.dispatch.reminders.rules import CO_HANDLING, DISPATCHED
from shared.database import Connection
from shared.events.dispatch import TicketDispatched
from shared.policy.law import Law


class Sent(NamedTuple):
    """A ticket that went to a unit, and who handles with it."""

    ticket_id: UUID
    unit: str
    co_units: tuple[str, ...]


async def follow_up(
    connection: Connection, sent: Sequence[Sent], *, law: Law, at: datetime
) -> None:
    """Keep the co-handling units, and write what all units are told (B4, B13)."""
    parts = [(one.ticket_id, unit) for one in sent for unit in one.co_units]
    await keep_many(connection, parts, at=at)
    template = TicketDispatched.type
    reminders = [Reminder(one.ticket_id, template, DISPATCHED, one.unit) for one in sent]
    reminders += [Reminder(ticket, template, CO_HANDLING, unit) for ticket, unit in parts]
    await remind_units(connection, reminders, law=law, at=at)
