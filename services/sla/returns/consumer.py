"""A unit gives a ticket back: was that in time? Or the coordination group takes it."""

from uuid import UUID

from services.sla import operations
from services.sla.hearing import Clocks, law_of, lock, pack_of
from services.sla.returns.operations import Return, keep_windows
from services.sla.rules import News, recount
from shared.events.dispatch import TicketReturnRequested
from shared.events.envelope import Event
from shared.events.loop import TicketCoordinated, TicketRecalled
from shared.events.words import Step
from shared.inbox import Handlers, Heard
from shared.runtime import Runtime


async def keep_returns(
    runtime: Runtime,
    heard: Heard,
    events: list[Event[TicketReturnRequested]],
    clocks: Clocks,
) -> None:
    """Judge each return by the pack's window (ZY 13.2, YN 六(三)3); hold the clocks' locks.

    The event's own time tells: nobody needs to be asked. Where the pack says that a late one does
    not count as overdue, none is kept. A window that runs from signing begins
    with the first answer of the round, be it the return itself.
    """
    law = await law_of(runtime, heard)
    returns = []
    for event in events:
        clock = clocks[UUID(event.subject)]
        pack, calendar = pack_of(law, clock.policy), law.calendar(clock.jurisdiction)
        is_from_dispatch = pack.returning.starts.value == "dispatch"
        starts_at = clock.dispatched_at if is_from_dispatch else clock.signed_at
        window = recount(
            pack, calendar, clock.matter, Step.RETURN, starts_at=starts_at or event.time
        )
        assert window is not None, "every pack has a window for returns"
        if event.time > window.due_at and not pack.returning.late_counts_overdue.value:
            continue
        returns.append(Return(clock.ticket_id, clock.round, window, event.time, event.traceparent))
    await keep_windows(heard.connection, returns, clocks, source=runtime.source, now=heard.now)


async def on_ticket_at_no_unit(
    heard: Heard, events: list[Event[TicketCoordinated]] | list[Event[TicketRecalled]]
) -> None:
    """The coordination group has it (ZY 13.5), or it was taken from a unit that it is about.

    No unit need sign, respond or report; the caller's clock runs on.
    """
    _, done = await lock(heard, events)
    owed = [Step.SIGN, Step.RESPOND, Step.PROGRESS]
    await operations.settle(heard.connection, News.STOPPED, owed, done)
    await operations.release_units(heard.connection, [one.ticket_id for one in done])


AT_NO_UNIT: Handlers = dict.fromkeys((TicketCoordinated, TicketRecalled), on_ticket_at_no_unit)
"""What leaves a ticket at no unit, with what becomes of its clocks."""
