"""Meeting or declining the wishes of callers to take requests back, a batch at once (A9)."""

from collections.abc import Sequence
from uuid import UUID

from services.dispatch.cases.closing import close_cases
from services.dispatch.links.following import follow
from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import (
    Locked,
    entry_of,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from services.dispatch.timeline.saying import Said, say_many
from services.dispatch.withdrawals.rules import refusal_of_withdrawal
from shared.events.dispatch import TicketWithdrawn
from shared.events.envelope import Event
from shared.events.intake import TicketWithdrawalRequested
from shared.events.loop import TicketWithdrawalDeclined
from shared.events.words import Act, State
from shared.inbox import Heard
from shared.policy.law import Law

# What waited for a second reader or for a decision on a return waits no more.
WITHDRAW = """UPDATE tickets SET state = $2, withdrawn_at = $3, draft = NULL,
    state_before_check = NULL, state_before_return = NULL WHERE id = ANY($1::uuid[])"""


async def take_withdrawals(
    heard: Heard, events: Sequence[Event[TicketWithdrawalRequested]], *, law: Law, source: str
) -> None:
    """Withdraw the tickets that nobody has answered, and decline the other wishes with a reason.

    A reply that was there first stands; one that comes after finds a withdrawn ticket. What is
    linked to a withdrawn ticket goes its own way. Raises `Wait` for an unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    at = await time_of_batch(heard)
    await write_entries(heard, [entry_of(event) for event in events])
    said = [_answer(event, tickets[UUID(event.subject)]) for event in events]
    met = [one.ticket_id for one in said if isinstance(one.data, TicketWithdrawn)]
    withdrawn = TRANSITIONS[State.ACCEPTED, Act.WITHDRAW]
    await heard.connection.execute(WITHDRAW, met, withdrawn, at)
    await close_cases(heard, met, because="诉求人撤回诉求", at=at)
    await say_many(heard, said, source=source, at=at)
    await follow(heard, met, law=law, source=source)


def _answer(event: Event[TicketWithdrawalRequested], ticket: Locked) -> Said:
    declined = refusal_of_withdrawal(ticket.state, ticket.urgency)
    if declined is not None:
        data = TicketWithdrawalDeclined(reason=declined)
        return Said(ticket.id, data, SYSTEM, text=declined, traceparent=event.traceparent)
    return Said(
        ticket.id,
        TicketWithdrawn(unit=ticket.unit),
        SYSTEM,
        text=event.data.reason,
        traceparent=event.traceparent,
    )
