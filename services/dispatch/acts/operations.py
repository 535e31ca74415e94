"""What all acts have in common, and taking a ticket: signing it, or answering an emergency first.

Each act is done under the lock on the ticket's row, and said in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.rules import open_to, refusal
from services.dispatch.crossings.rules import is_overtaken
from services.dispatch.models import Ticket, TimelineEntry
from services.dispatch.rules import SYSTEM, state_after
from services.dispatch.sight.rules import is_seen
from shared import outbox
from shared.calendars import Calendar
from shared.crossing import platform_of
from shared.events.dispatch import DispatchPayload, TicketResponded, TicketSigned
from shared.events.envelope import Event
from shared.events.words import Act, Role
from shared.policy.deadlines import Deadline
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.problems import ActRefused, NotFound, NotHeardYet
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

NEED_THE_PACK = frozenset({Act.RESPOND, Act.PROGRESS, Act.INTERIM_CLOSE})
"""Acts that only some packs have."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One act at hand: the ticket, its row locked, who acts, the time after the lock, the law."""

    session: AsyncSession
    source: str
    caller: Principal
    ticket: Ticket
    at: datetime
    law: Law

    @property
    def pack(self) -> Pack | None:
        """The pack that the ticket was accepted under; none where it was not heard of."""
        return self.law.pack(self.ticket.policy or "")

    @property
    def calendar(self) -> Calendar:
        """The calendar of the ticket's place."""
        return self.law.calendar(self.ticket.jurisdiction)


async def take_turn(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, ticket_id: UUID, act: Act
) -> Turn:
    """Lock a ticket for an act.

    What its home asks of a ticket that has ended here is not refused, and changes nothing. Raises
    `NotFound` where it is not the caller's, `ActRefused` with the acts that they could do now where
    this is not among them (B1), `NotHeardYet` where the pack must be asked and was not heard of.
    """
    ticket = await session.get(Ticket, ticket_id, with_for_update=True)
    if ticket is None or not is_seen(ticket, caller, co_units=ticket.co_units):
        raise NotFound
    if caller.role is Role.PLATFORM and ticket.home != platform_of(caller.subject):
        raise NotFound
    turn = Turn(
        session,
        runtime.source,
        caller,
        ticket,
        at=await runtime.clock.now(session),
        law=await runtime.law_book.read_in(session),
    )
    pack = turn.pack
    co_units = ticket.co_units
    refused = refusal(act, ticket, pack, asker=caller, co_units=co_units)
    is_moot = is_overtaken(act, ticket.state, ticket.home, caller.subject)
    if refused is not None and not is_moot:
        acts = open_to(ticket, pack, asker=caller, co_units=co_units)
        raise ActRefused(refused, allowed=acts)
    if pack is None and act in NEED_THE_PACK:
        raise NotHeardYet
    return turn


async def sign_ticket(turn: Turn) -> None:
    """The unit takes the ticket (ZY 13.2)."""
    _take(turn, Act.SIGN)
    await say(turn, TicketSigned(unit=unit_of(turn.ticket), signed_by=turn.caller.subject))


async def respond_to_ticket(turn: Turn, *, text: str) -> None:
    """The unit's first response to an emergency; it counts as signing (ZY 13.4)."""
    if turn.ticket.signed_at is None:
        _take(turn, Act.RESPOND)
    turn.ticket.responded_at = turn.at
    payload = TicketResponded(
        unit=unit_of(turn.ticket), text=text, responded_by=turn.caller.subject
    )
    await say(turn, payload, text=text)


async def say(
    turn: Turn,
    payload: DispatchPayload,
    *,
    rule: str | None = None,
    text: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Say what happened, and write it into the timeline."""
    ticket = turn.ticket
    ticket.sequence += 1
    note(turn, payload.type, rule=rule, text=text, detail=detail)
    event = Event(
        turn.source, str(ticket.id), ticket.sequence, turn.at, payload, current_traceparent()
    )
    await outbox.add(turn.session, event)


def note(
    turn: Turn,
    event: str,
    *,
    rule: str | None = None,
    text: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write what happened into the timeline."""
    ticket = turn.ticket
    ticket.timeline_length += 1
    turn.session.add(
        TimelineEntry(
            ticket_id=ticket.id,
            position=ticket.timeline_length,
            event=event,
            at=turn.at,
            round=ticket.round,
            unit=ticket.unit,
            by=doer(turn, rule),
            rule=rule,
            text=text,
            detail=detail or {},
        )
    )


def lateness(turn: Turn, deadline: Deadline | None) -> dict[str, Any]:
    """Whether the act at hand is later than its deadline, as the timeline keeps it."""
    if deadline is None:
        return {}
    return {
        "late": turn.at > deadline.due_at,
        "due_at": deadline.due_at.isoformat(),
        "source": deadline.source,
    }


def doer(turn: Turn, rule: str | None) -> str:
    """Who did it: a person, unless a rule decided."""
    return turn.caller.subject if rule is None else SYSTEM


def unit_of(ticket: Ticket) -> str:
    """The unit that has the ticket."""
    assert ticket.unit is not None, "a ticket in these states has a unit"
    return ticket.unit


def _take(turn: Turn, act: Act) -> None:
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, act)
    ticket.signed_at = turn.at
    ticket.answered_at = ticket.answered_at or turn.at
