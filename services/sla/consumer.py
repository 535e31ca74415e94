"""What sla hears: the acts that start, answer and stop deadlines, and the owners' judgements.

The time of an act is the event's own, taken by its producer under the lock on the ticket.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from services.sla import operations
from services.sla.operations import Dispatch, Done, Judgement, LockedClock, NewClock
from services.sla.rules import (
    CLOCKED_STEPS,
    Act,
    News,
    Start,
    pack_by_hash,
    start_of,
    starts_from,
)
from shared.events.dispatch import (
    DeadlineJudged,
    TicketClosed,
    TicketDispatched,
    TicketForwarded,
    TicketReopened,
    TicketReplied,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated
from shared.events.words import RequestType, ReturnDecision, Step, Urgency
from shared.inbox import Handlers, Heard, Wait
from shared.policy.deadlines import Matter
from shared.policy.model import Pack
from shared.runtime import Runtime

UNIT_STEPS = (Step.SIGN, Step.HANDLE)


def handlers(runtime: Runtime) -> Handlers:
    """The handlers of sla."""
    return {
        TicketCreated: on_ticket_created,
        TicketDispatched: on_ticket_dispatched,
        TicketSigned: on_unit_answered,
        TicketReturnRequested: on_unit_answered,
        TicketReturnDecided: on_ticket_return_decided,
        TicketReplied: on_ticket_replied,
        TicketReopened: on_ticket_reopened,
        TicketWithdrawn: on_ticket_ended,
        TicketClosed: on_ticket_ended,
        TicketTerminated: on_ticket_ended,
        TicketForwarded: on_ticket_ended,
        DeadlineJudged: partial(on_deadline_judged, source=runtime.source),
    }


async def on_ticket_created(heard: Heard, events: list[Event[TicketCreated]]) -> None:
    """A ticket's clock begins: it must be dispatched in time."""
    clocks: list[NewClock] = []
    starts: list[tuple[UUID, Start]] = []
    for event in events:
        filed, ticket_id = event.data, UUID(event.subject)
        matter = Matter(filed.request_type, filed.urgency, filed.is_enforcement)
        started = starts_from(_pack(filed.policy), matter, Act.ACCEPT, event.time)
        starts += [(ticket_id, start) for start in started]
        clocks.append(
            NewClock(
                ticket_id=ticket_id,
                jurisdiction=filed.jurisdiction,
                request_type=filed.request_type,
                urgency=filed.urgency,
                is_enforcement=filed.is_enforcement,
                policy=filed.policy,
                accepted_at=event.time,
            )
        )
    await operations.open_clocks(heard.connection, clocks)
    await operations.start_deadlines(heard.connection, starts)


async def on_ticket_dispatched(heard: Heard, events: list[Event[TicketDispatched]]) -> None:
    """Dispatch was done; the unit's time begins, and ends for a unit that had it before."""
    clocks, done = await _lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.DISPATCH], done)
    await operations.settle(heard.connection, News.STOPPED, UNIT_STEPS, done)
    await operations.record_dispatches(
        heard.connection,
        [
            Dispatch(UUID(event.subject), event.time, event.data.unit, event.data.round)
            for event in events
        ],
    )
    await _start_from(heard, Act.DISPATCH, done, clocks)


async def on_unit_answered(
    heard: Heard, events: list[Event[TicketSigned]] | list[Event[TicketReturnRequested]]
) -> None:
    """The unit signed. A return answers like a signature where the unit had not signed."""
    clocks, done = await _lock(heard, events)
    first = [one for one in done if clocks[one.ticket_id].signed_at is None]
    if not first:
        return
    await operations.settle(heard.connection, News.DONE, [Step.SIGN], first)
    await operations.record_signatures(heard.connection, first)
    await _start_from(heard, Act.SIGN, first, clocks)


async def on_ticket_return_decided(heard: Heard, events: list[Event[TicketReturnDecided]]) -> None:
    """A return was decided: the caller's clock runs on; a ticket given back is nobody's yet."""
    await _lock(heard, events)
    granted = [
        UUID(event.subject) for event in events if event.data.decision is ReturnDecision.GRANTED
    ]
    await operations.release_units(heard.connection, granted)


async def on_ticket_replied(heard: Heard, events: list[Event[TicketReplied]]) -> None:
    """A checked reply stops the handling clock."""
    _, done = await _lock(heard, events)
    await operations.settle(heard.connection, News.DONE, [Step.HANDLE], done)
    await operations.record_replies(heard.connection, done)


async def on_ticket_reopened(heard: Heard, events: list[Event[TicketReopened]]) -> None:
    """The unit must handle again, with the handling time of the type anew (ZY 14.2)."""
    clocks, done = await _lock(heard, events)
    await operations.settle(heard.connection, News.STOPPED, UNIT_STEPS, done)
    await operations.record_redos(heard.connection, [one.ticket_id for one in done])
    starts = []
    for ticket_id, at in done:
        pack, matter = _law(clocks[ticket_id])
        starts.append((ticket_id, start_of(pack, matter, Step.HANDLE, at)))
    await operations.start_deadlines(heard.connection, starts)


async def on_ticket_ended(heard: Heard, events: list[Event[Payload]]) -> None:
    """The ticket ended here: nothing runs on. What was due before is still judged."""
    _, done = await _lock(heard, events)
    await operations.settle(heard.connection, News.STOPPED, sorted(CLOCKED_STEPS), done)
    await operations.close_clocks(heard.connection, [one.ticket_id for one in done])


async def on_deadline_judged(
    heard: Heard, events: list[Event[DeadlineJudged]], *, source: str
) -> None:
    """The owner of an act answers; only now may anything be said to be overdue."""
    clocks, _ = await _lock(heard, events)
    judgements = [
        Judgement(
            ticket_id=UUID(event.subject),
            step=event.data.step,
            version=event.data.version,
            verdict=event.data.verdict,
            act_at=event.data.act_at,
            traceparent=event.traceparent,
        )
        for event in events
    ]
    await operations.judge(heard.connection, judgements, clocks, source=source, now=heard.now)


async def _lock(
    heard: Heard, events: Sequence[Event[Payload]]
) -> tuple[dict[UUID, LockedClock], list[Done]]:
    done = [Done(UUID(event.subject), event.time) for event in events]
    clocks = await operations.lock_clocks(heard.connection, [one.ticket_id for one in done])
    return clocks, done


async def _start_from(
    heard: Heard, act: Act, done: Sequence[Done], clocks: dict[UUID, LockedClock]
) -> None:
    starts: list[tuple[UUID, Start]] = []
    for ticket_id, at in done:
        pack, matter = _law(clocks[ticket_id])
        starts += [(ticket_id, start) for start in starts_from(pack, matter, act, at)]
    await operations.start_deadlines(heard.connection, starts)


def _law(clock: LockedClock) -> tuple[Pack, Matter]:
    matter = Matter(RequestType(clock.request_type), Urgency(clock.urgency), clock.is_enforcement)
    return _pack(clock.policy), matter


def _pack(policy: str) -> Pack:
    pack = pack_by_hash(policy)
    if pack is None:
        raise Wait(f"policy {policy} was not heard of")
    return pack
