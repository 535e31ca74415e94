"""The time of a unit that is asked whether a request is in scope (A4, ZY 9).

Until acceptance no other time of the ticket runs: its clock has no `accepted_at`.
"""

from uuid import UUID

from services.sla import operations
from services.sla.hearing import law_of, lock, pack_of
from services.sla.operations import Done, NewClock
from services.sla.rules import News, Start, recount
from shared.events.envelope import Event
from shared.events.intake import TicketVerified, VerificationRequested
from shared.events.words import Step
from shared.inbox import Heard
from shared.policy.deadlines import Matter
from shared.runtime import Runtime


async def on_verification_requested(
    runtime: Runtime, heard: Heard, events: list[Event[VerificationRequested]]
) -> None:
    """A unit is asked; where another was asked before, its time ends."""
    law = await law_of(runtime, heard)
    clocks: list[NewClock] = []
    starts: list[tuple[UUID, Start]] = []
    for event in events:
        filed, ticket_id = event.data, UUID(event.subject)
        pack, calendar = pack_of(law, filed.policy), law.calendar(filed.jurisdiction)
        matter = Matter(filed.request_type, filed.urgency, filed.is_enforcement)
        start = recount(pack, calendar, matter, Step.VERIFY, starts_at=event.time)
        assert start is not None, "every pack has a time for a verification"
        starts.append((ticket_id, start))
        clocks.append(
            NewClock(
                ticket_id=ticket_id,
                number=filed.number,
                jurisdiction=filed.jurisdiction,
                request_type=filed.request_type,
                urgency=filed.urgency,
                is_enforcement=filed.is_enforcement,
                policy=filed.policy,
                accepted_at=None,
                unit=filed.unit,
                secrecy=filed.secrecy,
            )
        )
    asked = [Done(UUID(event.subject), event.time) for event in events]
    await operations.open_clocks(heard.connection, clocks)
    await operations.settle(heard.connection, News.STOPPED, [Step.VERIFY], asked)
    await operations.start_deadlines(heard.connection, starts)


async def on_ticket_verified(heard: Heard, events: list[Event[TicketVerified]]) -> None:
    """The unit answered; acceptance or refusal is intake's, and nothing is the unit's any more."""
    _, done = await lock(heard, events, is_accepted=False)
    await operations.settle(heard.connection, News.DONE, [Step.VERIFY], done)
    await operations.release_units(heard.connection, [one.ticket_id for one in done])
