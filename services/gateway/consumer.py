"""What the gateway does with what it hears: feeds, Open311, messages to other platforms."""

from typing import Any

from services.gateway.exchange.consumer import teller
from services.gateway.federation.consumer import crosser
from services.gateway.feeds.operations import erase, keep_units, take
from services.gateway.feeds.rules import TOLD
from services.gateway.open311 import operations as open311
from services.gateway.open311.news import MOVING, STATES
from shared.events.catalogue import PAYLOADS
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.inbox import Handler, Handlers, Heard
from shared.runtime import Runtime

FEEDS: Handlers = {
    **dict.fromkeys(TOLD, take),
    UnitChanged: keep_units,
    TicketErased: erase,
}
OPEN311: Handlers = {
    **dict.fromkeys((*STATES, *MOVING), open311.hear),
    TicketErased: open311.erase,
}


def handlers(runtime: Runtime) -> Handlers:
    """Every event that names the gateway, with all that is done with it."""
    tell = teller()
    return {
        payload: _in_turn(FEEDS.get(payload), OPEN311.get(payload), tell, crosser(payload))
        for payload in PAYLOADS.values()
        if runtime.service in payload.heard_by
    }


def _in_turn(*handlers: Handler | None) -> Handler:
    wanted = [handler for handler in handlers if handler is not None]

    async def handle(heard: Heard, events: list[Event[Any]]) -> None:
        for handler in wanted:
            await handler(heard, events)

    return handle
