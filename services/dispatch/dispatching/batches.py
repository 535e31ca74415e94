"""What follows when many tickets were dispatched by rule at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.dispatch.co_handling.batches import keep_many
from services.dispatch.reminders.operations import Reminder, remind_units
from services.dispatch.reminders.rules import CO_HANDLING, DISPATCHED
from services.dispatch.rules import SYSTEM
from services.dispatch.timeline.saying import Said, say_many
from shared.events.dispatch import TicketDispatched, TicketForwarded
from shared.inbox import Heard
from shared.policy.law import Law


class Sent(NamedTuple):
    """A ticket that went to a unit by a rule, and who handles with it."""

    ticket_id: UUID
    unit: str
    co_units: tuple[str, ...]
    rule: str
    round: int = 1
    platform: str | None = None
    """The other platform that the unit stands for."""
    traceparent: str | None = None


async def follow_up(
    heard: Heard, sent: Sequence[Sent], *, law: Law, source: str, at: datetime
) -> None:
    """Keep the co-handling units, and write what all units are told (B4, B13).

    What went to a unit that stands for another platform is forwarded there (YN 六(二)1).
    """
    forwards = [_forwarded(one, one.platform) for one in sent if one.platform is not None]
    await say_many(heard, forwards, source=source, at=at)
    parts = [(one.ticket_id, unit) for one in sent for unit in one.co_units]
    await keep_many(heard.connection, parts, at=at)
    template = TicketDispatched.type
    reminders = [Reminder(one.ticket_id, template, DISPATCHED, one.unit) for one in sent]
    reminders += [Reminder(ticket, template, CO_HANDLING, unit) for ticket, unit in parts]
    await remind_units(heard.connection, reminders, law=law, at=at)


def _forwarded(one: Sent, platform: str) -> Said:
    return Said(
        one.ticket_id,
        TicketForwarded(to_platform=platform, unit=one.unit, round=one.round),
        by=SYSTEM,
        rule=one.rule,
        detail={"to_platform": platform},
        traceparent=one.traceparent,
    )
