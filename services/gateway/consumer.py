"""What the gateway does with what it hears: it keeps the feed of units' own systems."""

from services.gateway.feeds.operations import erase, keep_units, take
from shared.events.catalogue import PAYLOADS
from shared.events.dispatch import UnitChanged
from shared.events.intake import TicketErased
from shared.events.words import Service
from shared.inbox import Handler, Handlers
from shared.runtime import Runtime

OTHERWISE: dict[type, Handler] = {UnitChanged: keep_units, TicketErased: erase}


def handlers(_: Runtime) -> Handlers:
    """Every event of tickets and units that names the gateway, with what it does."""
    return {
        payload: OTHERWISE.get(payload, take)
        for payload in PAYLOADS.values()
        if Service.GATEWAY in payload.heard_by
        and (payload.topic == "tickets" or payload in OTHERWISE)
    }
