"""What sla hears: the acts that start, answer and stop deadlines, and the owners' judgements.

The time of an act is the event's own, taken by its producer under the lock on the ticket.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from services.sla import operations
from services.sla.corrections.consumer import on_ticket_amended
from services.sla.erasures.consumer import on_ticket_erased
from services.sla.hearing import Clocks, law_of, lock, pack_of, show_promises, start_from
from services.sla.letters.operations import note_cases, on_ticket_attached
from services.sla.levels.consumer import AT_A_LEVEL
from services.sla.links.consumer import on_ticket_linked, on_ticket_split, on_ticket_terminated
from services.sla.links.operations import record_units
from services.sla.operations import Dispatch, Done, NewClock
from services.sla.orders import consumer as orders
from services.sla.questions.consumer import on_judged
from services.sla.returns.consumer import AT_NO_UNIT, keep_returns
from services.sla.rules import (
    CLOCKED_STEPS,
    UNIT_STEPS,
    Act,
    News,
    Start,
    recount,
    reports_progress,
    starts_from,
)
from services.sla.verifications.consumer import on_ticket_verified, on_verification_requested
from shared.events.callers import TicketAttached
from shared.events.dispatch import (
    DeadlineJudged,
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    DeadlineAnswered,
    TicketAmended,
    TicketCreated,
    TicketErased,
    TicketVerified,
    VerificationRequested,
)
from shared.events.loop import TicketConcluded, TicketDeclined, TicketLinked, TicketSplit
from shared.events.words import ReturnDecision, Step
from shared.inbox import Handlers, Heard
from shared.policy.deadlines import Matter
from shared.runtime import Runtime

ALL_STEPS = (*sorted(CLOCKED_STEPS), Step.PROGRESS, Step.VERIFY, Step.FOLLOW_UP)
REDONE_STEPS = (*UNIT_STEPS, Step.FOLLOW_UP)


def handlers(runtime: Runtime) -> Handlers:
    """The handlers of sla."""
    judged = partial(on_judged, source=runtime.source)
    clock: Handlers = {
        VerificationRequested: partial(on_verification_requested, runtime),
        TicketVerified: on_ticket_verified,
        TicketCreated: partial(on_ticket_created, runtime),
        TicketAmended: partial(on_ticket_amended, runtime),
        TicketDispatched: partial(on_ticket_dispatched, runtime),
        TicketSigned: partial(on_ticket_signed, runtime),
        TicketResponded: partial(on_ticket_responded, runtime),
        TicketReturnRequested: partial(on_ticket_return_requested, runtime),
        TicketReturnDecided: on_ticket_return_decided,
        **AT_NO_UNIT,
        TicketInterimClosed: partial(on_ticket_interim_closed, runtime),
        TicketProgressed: partial(on_ticket_progressed, runtime),
        TicketReplied: partial(on_ticket_replied, runtime),
        TicketReopened: partial(on_ticket_reopened, runtime),
        **dict.fromkeys((TicketWithdrawn, TicketDeclined, TicketConcluded), on_ticket_ended),
        TicketClosed: on_ticket_closed,
        TicketTerminated: on_ticket_terminated,
        **AT_A_LEVEL,
        TicketLinked: on_ticket_linked,
        TicketSplit: partial(on_ticket_split, runtime),
        TicketErased: on_ticket_erased,
        TicketAttached: on_ticket_attached,
        DeadlineJudged: judged,
        DeadlineAnswered: judged,
    }
    return orders.beside(clock, orders.handlers(runtime))


async def on_ticket_created(
    runtime: Runtime, heard: Heard, events: list[Event[TicketCreated]]
) -> None:
    """A ticket's clock begins: it must be dispatched in time."""
    law = await law_of(runtime, heard)
    clocks: list[NewClock] = []
    starts: list[tuple[UUID, Start]] = []
    for event in events:
        filed, ticket_id = event.data, UUID(event.subject)
        matter = Matter(filed.request_type, filed.urgency, filed.is_enforcement, filed.is_passed_on)
        pack, calendar = pack_of(law, filed.policy), law.calendar(filed.jurisdiction)
        started = starts_from(pack, calendar, matter, Act.ACCEPT, at=event.time)
        starts += [(ticket_id, start) for start in started]
        clocks.append(
            NewClock(
                ticket_id=ticket_id,
                number=filed.number,
                jurisdiction=filed.jurisdiction,
                request_type=filed.request_type,
                urgency=filed.urgency,
                is_enforcement=filed.is_enforcement,
                policy=filed.policy,
                accepted_at=event.time,
                secrecy=filed.secrecy,
                is_passed_on=filed.is_passed_on,
            )
        )
    await operations.open_clocks(heard.connection, clocks)
    await operations.start_deadlines(heard.connection, starts)


async def on_ticket_dispatched(
    runtime: Runtime, heard: Heard, events: list[Event[TicketDispatched]]
) -> None:
    """Dispatch was done; the unit's time begins, and ends for a unit that had it before."""
    clocks, done = await lock(heard, events)
    again = [
        one
        for one in done
        if clocks[one.ticket_id].dispatched_at or clocks[one.ticket_id].linked_at
    ]
    await operations.settle(heard.connection, News.DONE, [Step.DISPATCH], done)
    await operations.settle(heard.connection, News.STOPPED, UNIT_STEPS, again)
    await operations.record_dispatches(
        heard.connection,
        [
            Dispatch(UUID(event.subject), event.time, event.data.unit, event.data.round)
            for event in events
        ],
    )
    await note_cases(heard, events)
    await start_from(runtime, heard, Act.DISPATCH, done, clocks)


async def on_ticket_signed(
    runtime: Runtime, heard: Heard, events: list[Event[TicketSigned]]
) -> None:
    """The unit signed; where it had not answered before, what runs from signing begins."""
    clocks, done = await lock(heard, events)
    await _answer(runtime, heard, done, clocks)


async def on_ticket_responded(
    runtime: Runtime, heard: Heard, events: list[Event[TicketResponded]]
) -> None:
    """The unit's first response to an emergency; it counts as signing (ZY 13.4)."""
    clocks, done = await lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.RESPOND], done)
    await _answer(runtime, heard, done, clocks)


async def on_ticket_return_requested(
    runtime: Runtime, heard: Heard, events: list[Event[TicketReturnRequested]]
) -> None:
    """A return answers like a signature; a late one is overdue, and nobody is asked (ZY 13.2)."""
    clocks, done = await lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.RESPOND], done)
    await _answer(runtime, heard, done, clocks)
    await keep_returns(runtime, heard, events, clocks)


async def on_ticket_return_decided(heard: Heard, events: list[Event[TicketReturnDecided]]) -> None:
    """A return was decided: the caller's clock runs on; a ticket given back is nobody's yet."""
    await lock(heard, events)
    granted = [
        UUID(event.subject) for event in events if event.data.decision is ReturnDecision.GRANTED
    ]
    await operations.release_units(heard.connection, granted)


async def on_ticket_interim_closed(
    runtime: Runtime, heard: Heard, events: list[Event[TicketInterimClosed]]
) -> None:
    """Handling ended for the time being; from now on progress is reported (ZY 13.3)."""
    clocks, done = await lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.RESPOND, Step.HANDLE], done)
    await operations.record_interim_closes(heard.connection, done)
    await _start_reports(runtime, heard, done, clocks)


async def on_ticket_progressed(
    runtime: Runtime, heard: Heard, events: list[Event[TicketProgressed]]
) -> None:
    """A report was made; after an interim close the next one is due (ZY 13.3)."""
    clocks, done = await lock(heard, events)
    reported = [Step.RESPOND, Step.RESULT, Step.PROGRESS]
    await operations.settle(heard.connection, News.DONE, reported, done)
    reporting = [
        one
        for one in done
        if (clock := clocks[one.ticket_id]).interim_at is not None and not clock.is_closed
    ]
    await _start_reports(runtime, heard, reporting, clocks)


async def on_ticket_replied(
    runtime: Runtime, heard: Heard, events: list[Event[TicketReplied]]
) -> None:
    """A checked reply stops the handling clock; whom we ask has time to answer (ZY 14.1)."""
    clocks, done = await lock(heard, events)
    answered = [Step.RESPOND, Step.HANDLE, Step.RESULT, Step.PROGRESS]
    await operations.settle(heard.connection, News.DONE, answered, done)
    await operations.settle(heard.connection, News.STOPPED, [Step.FOLLOW_UP], done)
    await operations.record_replies(heard.connection, done)
    with_main = [event for event in events if clocks[UUID(event.subject)].unit is None]
    units = [(UUID(event.subject), event.data.unit) for event in with_main]
    await record_units(heard.connection, units)
    asked_elsewhere = {UUID(event.subject) for event in events if event.data.asked_by}
    ours = [one for one in done if one.ticket_id not in asked_elsewhere]
    await _start_step(runtime, heard, Step.FOLLOW_UP, ours, clocks)


async def on_ticket_reopened(
    runtime: Runtime, heard: Heard, events: list[Event[TicketReopened]]
) -> None:
    """The unit must handle again, with the handling time of the type anew (ZY 14.2)."""
    clocks, done = await lock(heard, events)
    await operations.settle(heard.connection, News.STOPPED, REDONE_STEPS, done)
    await operations.record_redos(heard.connection, [one.ticket_id for one in done])
    await _start_step(runtime, heard, Step.HANDLE, done, clocks)


async def on_ticket_closed(heard: Heard, events: list[Event[TicketClosed]]) -> None:
    """The caller answered, or a person decided: what was asked of the caller is done."""
    _, done = await lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.FOLLOW_UP], done)
    await on_ticket_ended(heard, events)


async def on_ticket_ended(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """The ticket ended here: nothing runs on. What was due before is still judged."""
    _, done = await lock(heard, events)
    await operations.settle(heard.connection, News.STOPPED, ALL_STEPS, done)
    await operations.close_clocks(heard.connection, done)


async def _answer(runtime: Runtime, heard: Heard, done: Sequence[Done], clocks: Clocks) -> None:
    first = [one for one in done if clocks[one.ticket_id].signed_at is None]
    if not first:
        return
    await operations.settle(heard.connection, News.DONE, [Step.SIGN], first)
    await operations.record_signatures(heard.connection, first)
    await start_from(runtime, heard, Act.SIGN, first, clocks)


async def _start_reports(
    runtime: Runtime, heard: Heard, done: Sequence[Done], clocks: Clocks
) -> None:
    law = await law_of(runtime, heard)
    reporting = [
        one
        for one in done
        if reports_progress(
            pack_of(law, clocks[one.ticket_id].policy), clocks[one.ticket_id].law_limit
        )
    ]
    await _start_step(runtime, heard, Step.PROGRESS, reporting, clocks)


async def _start_step(
    runtime: Runtime, heard: Heard, step: Step, done: Sequence[Done], clocks: Clocks
) -> None:
    law = await law_of(runtime, heard)
    starts: list[tuple[UUID, Start]] = []
    for ticket_id, at in done:
        clock = clocks[ticket_id]
        start = recount(
            pack_of(law, clock.policy),
            law.calendar(clock.jurisdiction),
            clock.matter,
            step,
            starts_at=at,
            law_limit=clock.law_limit,
        )
        assert start is not None, f"the pack has a time for {step}"
        starts.append((ticket_id, start))
    await operations.start_deadlines(heard.connection, starts)
    await show_promises(heard, law, starts)
