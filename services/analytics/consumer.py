"""What analytics does with what it hears: everything is stored, tickets are counted."""

from typing import Any
from uuid import UUID

from services.analytics.mirror.operations import mirror
from services.analytics.operations import add_facts, change_facts, keep_units, store_events
from services.analytics.rules import CHANGES, FIRST, moves_a_ticket, new_fact
from shared.events.catalogue import PAYLOADS
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.gateway import MessageReceived
from shared.inbox import Handler, Handlers, Heard
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that names analytics, with what it does."""
    return {
        payload: _handler(payload)
        for payload in PAYLOADS.values()
        if runtime.service in payload.heard_by
    }


async def on_ticket_began(heard: Heard, events: list[Event[Any]]) -> None:
    """A ticket was created, refused, answered, or taken over from the past."""
    await store_events(heard.connection, events)
    await add_facts(heard.connection, [(UUID(event.subject), new_fact(event)) for event in events])


async def on_ticket_changed(heard: Heard, events: list[Event[Any]]) -> None:
    """Something happened to a ticket. Waits where the ticket was not heard of yet."""
    change_of = CHANGES[type(events[0].data)]
    await store_events(heard.connection, events)
    moving = [event for event in events if moves_a_ticket(event)]
    await change_facts(
        heard.connection, [(UUID(event.subject), change_of(event)) for event in moving]
    )


async def on_unit_changed(heard: Heard, events: list[Event[UnitChanged]]) -> None:
    """Keep the unit's name."""
    await store_events(heard.connection, events)
    units = [event.data for event in events]
    await keep_units(
        heard.connection,
        [(unit.code, unit.name, unit.jurisdiction, unit.is_active) for unit in units],
    )


async def on_message_received(heard: Heard, events: list[Event[MessageReceived]]) -> None:
    """Another platform told of its own: its tickets are kept apart from ours."""
    await store_events(heard.connection, events)
    await mirror(heard, events)


async def on_event(heard: Heard, events: list[Event[Any]]) -> None:
    """An event that moves no ticket is stored."""
    await store_events(heard.connection, events)


def _handler(payload: type[Payload]) -> Handler:
    if payload in FIRST:
        return on_ticket_began
    if payload in CHANGES:
        return on_ticket_changed
    if payload is MessageReceived:
        return on_message_received
    return on_unit_changed if payload is UnitChanged else on_event
