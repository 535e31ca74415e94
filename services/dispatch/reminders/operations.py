"""Writing what units must be told, in the transaction of the act or event that it tells of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.dispatch.acts.operations import Turn
from services.dispatch.models import Unit
from services.dispatch.reminders.rules import call_at
from shared import notices
from shared.database import Connection
from shared.events.chinese import CHINESE
from shared.events.words import DutyHours, Urgency
from shared.notices import Notice, NoticeKind
from shared.policy.law import Law

FIND = """SELECT w.line, t.number, t.urgency, t.jurisdiction, t.policy, u.code, u.duty_hours
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS w (ticket_id, unit, line)
LEFT JOIN tickets t ON t.id = w.ticket_id
JOIN units u ON u.code = coalesce(w.unit, t.unit)"""


class Reminder(NamedTuple):
    """What is told of a ticket. `{number}` and `{urgency}` in `words` become the ticket's."""

    ticket_id: UUID | None
    template: str
    words: str
    unit: str | None = None
    """Whom; the ticket's own unit where it is none, and nobody where that is none too."""


async def remind_units(
    connection: Connection, reminders: Sequence[Reminder], *, law: Law, at: datetime
) -> None:
    """Write notices for a batch: one statement looks all up, one writes all.

    Units that keep working hours are called when they next open, unless it is an emergency.
    """
    if not reminders:
        return
    rows = await connection.fetch(
        FIND, [one.ticket_id for one in reminders], [one.unit for one in reminders]
    )
    found = [_notice(reminders[row["line"] - 1], dict(row), law=law, at=at) for row in rows]
    await notices.add_many(connection, found, at=at)


async def remind(turn: Turn, template: str, words: str, *, units: Iterable[str]) -> None:
    """Write notices of the act at hand, to units by their codes."""
    ticket, codes = turn.ticket, sorted(set(units))
    if not codes:
        return
    rows = await turn.session.execute(
        select(Unit.code, Unit.duty_hours).where(Unit.code.in_(codes))
    )
    facts = {
        "number": ticket.number,
        "urgency": ticket.urgency,
        "jurisdiction": ticket.jurisdiction,
        "policy": ticket.policy,
    }
    reminder = Reminder(ticket.id, template, words)
    found = [_notice(reminder, row._asdict() | facts, law=turn.law, at=turn.at) for row in rows]
    await notices.add(turn.session, *found, at=turn.at)


def _notice(reminder: Reminder, row: Mapping[str, Any], *, law: Law, at: datetime) -> Notice:
    is_of_ticket = row["number"] is not None
    urgency = Urgency(row["urgency"]) if is_of_ticket else Urgency.NORMAL
    not_before = None
    if is_of_ticket:
        not_before = call_at(
            at,
            urgency=urgency,
            duty_hours=DutyHours(row["duty_hours"]),
            pack=law.pack(row["policy"] or ""),
            calendar=law.calendar(row["jurisdiction"]),
        )
    words = reminder.words.format(number=row["number"] or "", urgency=CHINESE[urgency])
    return Notice(
        NoticeKind.UNIT, row["code"], reminder.ticket_id, reminder.template, words, not_before
    )
