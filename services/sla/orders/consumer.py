"""What supervision hears, beside the clock: it runs after the clock's own handler of an event."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from services.sla.incidents import operations as incidents
from services.sla.incidents.operations import Incident, Overdue
from services.sla.orders import operations
from services.sla.orders.counting import count_and_raise
from services.sla.orders.rules import FULFILS, Cause
from services.sla.orders.settling import Fulfilment, erase_words, fulfil_reminders
from shared import telemetry
from shared.events.analytics import FindingRaised
from shared.events.dispatch import (
    DeadlineJudged,
    TicketDispatched,
    TicketReopened,
    TicketReturnDecided,
    TicketReturnRequested,
    UnitChanged,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import DeadlineAnswered, TicketErased, VerificationRequested
from shared.events.loop import TicketCoordinated, TicketRecalled
from shared.events.words import ReturnDecision, Step, Verdict
from shared.inbox import Handler, Handlers, Heard, Wait
from shared.policy.supervision import Trigger
from shared.runtime import Runtime

Reader = Callable[[Sequence[Event[Any]]], list[tuple[Incident, bool]]]
"""The incidents in some events, each with whether its step is still not done."""


def handlers(runtime: Runtime) -> Handlers:
    """The handlers of orders, by event."""
    judged = partial(on_judged, runtime=runtime)
    return beside(
        {
            UnitChanged: on_unit_changed,
            VerificationRequested: on_held,
            TicketDispatched: on_held,
            TicketReturnDecided: on_return_granted,
            **dict.fromkeys((TicketCoordinated, TicketRecalled), on_held_by_nobody),
        },
        {
            payload: partial(on_settled, runtime=runtime)
            for payload in FULFILS
            if payload is not TicketReturnDecided
        },
        {
            DeadlineJudged: judged,
            DeadlineAnswered: judged,
            TicketReturnRequested: partial(on_return_requested, runtime=runtime),
            TicketReturnDecided: partial(on_return_decided, runtime=runtime),
            TicketReopened: partial(on_incidents, runtime=runtime, read=_redone),
            FindingRaised: partial(on_finding_raised, runtime=runtime),
            TicketErased: on_ticket_erased,
        },
    )


def beside(*tables: Handlers) -> Handlers:
    """Handler tables as one: where several want an event, each has it, in their order."""
    found: dict[type[Payload], list[Handler]] = {}
    for table in tables:
        for payload, handler in table.items():
            found.setdefault(payload, []).append(handler)
    return {payload: _one_after_the_other(wanted) for payload, wanted in found.items()}


async def on_unit_changed(heard: Heard, events: list[Event[UnitChanged]]) -> None:
    """The directory: names for documents, places for findings."""
    await incidents.record_units(heard.connection, events)


async def on_held(
    heard: Heard, events: list[Event[TicketDispatched]] | list[Event[VerificationRequested]]
) -> None:
    """A unit has the ticket from now on."""
    await incidents.record_holders(
        heard.connection,
        [(UUID(event.subject), event.time, event.data.unit) for event in events],
    )


async def on_return_granted(heard: Heard, events: list[Event[TicketReturnDecided]]) -> None:
    """A ticket given back is nobody's, until it is sent on."""
    await incidents.record_holders(
        heard.connection,
        [
            (UUID(event.subject), event.time, None)
            for event in events
            if event.data.decision is ReturnDecision.GRANTED
        ],
    )


async def on_held_by_nobody(
    heard: Heard, events: list[Event[TicketCoordinated]] | list[Event[TicketRecalled]]
) -> None:
    """A ticket before the coordination group, or taken from its unit, is nobody's until sent on."""
    await incidents.record_holders(
        heard.connection, [(UUID(event.subject), event.time, None) for event in events]
    )


async def on_settled(heard: Heard, events: list[Event[Payload]], *, runtime: Runtime) -> None:
    """What was done, or is no longer the unit's, needs no reminder."""
    steps, text = FULFILS[type(events[0].data)]
    acts = [
        Fulfilment(UUID(event.subject), event.time, steps, text, event.traceparent)
        for event in events
    ]
    await fulfil_reminders(heard.connection, acts, source=runtime.source, now=heard.now)


async def on_return_decided(
    heard: Heard, events: list[Event[TicketReturnDecided]], *, runtime: Runtime
) -> None:
    """A granted return settles reminders; a rejected one was improper (GS 二(三)5)."""
    granted = [one for one in events if one.data.decision is ReturnDecision.GRANTED]
    rejected = [one for one in events if one.data.decision is ReturnDecision.REJECTED]
    if granted:
        await on_settled(heard, granted, runtime=runtime)  # type: ignore[arg-type]
    if rejected:
        await on_incidents(heard, rejected, runtime=runtime, read=_rejected)


async def on_judged(
    heard: Heard,
    events: list[Event[DeadlineJudged]] | list[Event[DeadlineAnswered]],
    *,
    runtime: Runtime,
) -> None:
    """What the clock now holds for overdue is counted, once, for the unit that had the ticket."""
    judged = {
        (UUID(event.subject), event.data.step, event.data.version): event.traceparent
        for event in events
        if event.data.verdict is Verdict.MISSED
    }
    noted = await _overdue(heard, list(judged))
    traces = {ticket_id: trace for (ticket_id, _, _), trace in judged.items()}
    await count_and_raise(heard, noted, traces, runtime=runtime)


async def on_return_requested(
    heard: Heard, events: list[Event[TicketReturnRequested]], *, runtime: Runtime
) -> None:
    """A return is counted; one that the clock holds for late, as overdue too (ZY 13.2)."""
    ids = [UUID(event.subject) for event in events]
    places = await incidents.find_places(heard.connection, ids)
    late = await _overdue(heard, [(one, Step.RETURN, places[one].round) for one in ids])
    returned = [(_incident(event, Trigger.RETURNED), False) for event in events]
    traces = {UUID(event.subject): event.traceparent for event in events}
    await count_and_raise(heard, [*late, *returned], traces, runtime=runtime)


async def on_incidents(
    heard: Heard, events: Sequence[Event[Any]], *, runtime: Runtime, read: Reader
) -> None:
    """Improper returns and redos are counted."""
    traces = {UUID(event.subject): event.traceparent for event in events}
    await count_and_raise(heard, read(events), traces, runtime=runtime)


async def on_finding_raised(
    heard: Heard, events: list[Event[FindingRaised]], *, runtime: Runtime
) -> None:
    """The daily figures show a case; the pack in force at the unit's place says what follows."""
    law = await runtime.law_book.read(heard.connection)
    places = await incidents.find_units(heard.connection, [event.data.unit for event in events])
    causes = []
    for event in events:
        unit, code = event.data.unit, event.data.rule
        if unit not in places:
            raise Wait(f"unit {unit} was not heard of")
        pack = law.in_force(places[unit], event.time)
        ground = pack.supervision.ground(code)
        if ground is None or ground.trigger is not Trigger.FINDING:
            telemetry.log.warning("finding_without_ground", rule=code, unit=unit, pack=pack.code)
            continue
        causes.append(
            Cause(
                pack=pack,
                ground=ground,
                unit=unit,
                matter=ground.code,
                jurisdiction=places[unit],
                evidence={"finding": event.data.evidence, "found_at": event.time.isoformat()},
                traceparent=event.traceparent,
            )
        )
    await operations.raise_orders(
        heard.connection, causes, law, source=runtime.source, now=heard.now
    )


async def on_ticket_erased(heard: Heard, events: list[Event[TicketErased]]) -> None:
    """The words of a request are removed; what was written about it may repeat them."""
    await erase_words(heard.connection, [UUID(event.subject) for event in events])


async def _overdue(
    heard: Heard, judged: Sequence[tuple[UUID, Step, int]]
) -> list[tuple[Incident, bool]]:
    found = await incidents.find_overdue(heard.connection, judged)
    return [
        (
            Incident(
                ticket_id=one.ticket_id,
                trigger=Trigger.OVERDUE,
                mark=_mark(one),
                unit=one.unit,
                step=one.step,
                happened_at=one.due_at,
                act_at=one.act_at,
            ),
            one.is_undone,
        )
        for one in found
    ]


def _mark(one: Overdue) -> str:
    # A first response counts as signing (ZY 13.4): with one due time both are one failing.
    is_first = one.step in (Step.SIGN, Step.RESPOND)
    return f"first {one.due_at.isoformat()}" if is_first else f"{one.step} {one.version}"


def _rejected(events: Sequence[Event[TicketReturnDecided]]) -> list[tuple[Incident, bool]]:
    return [(_incident(event, Trigger.RETURN_REJECTED), False) for event in events]


def _redone(events: Sequence[Event[TicketReopened]]) -> list[tuple[Incident, bool]]:
    return [(_incident(event, Trigger.REDONE), False) for event in events]


def _incident(
    event: Event[TicketReturnRequested] | Event[TicketReturnDecided] | Event[TicketReopened],
    trigger: Trigger,
) -> Incident:
    return Incident(
        ticket_id=UUID(event.subject),
        trigger=trigger,
        mark=str(event.sequence),
        unit=event.data.unit,
        step=None,
        happened_at=event.time,
    )


def _one_after_the_other(wanted: Sequence[Handler]) -> Handler:
    if len(wanted) == 1:
        return wanted[0]

    async def handle(heard: Heard, events: list[Any]) -> None:
        for handler in wanted:
            await handler(heard, events)

    return handle
