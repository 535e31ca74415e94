"""All events by name, and the topics that carry them."""

from inspect import isclass
from types import ModuleType

from shared.events import analytics, callers, dispatch, gateway, intake, knowledge, loop, sla
from shared.events.envelope import Payload

PAGES = (intake, callers, dispatch, loop, sla, knowledge, analytics, gateway)


def _payloads(page: ModuleType) -> list[type[Payload]]:
    return [
        member
        for member in vars(page).values()
        if isclass(member) and issubclass(member, Payload) and "type" in vars(member)
    ]


PAYLOADS: dict[str, type[Payload]] = {
    payload.type: payload for page in PAGES for payload in _payloads(page)
}

TOPICS: dict[str, str] = {
    "tickets": "all events of this platform's own tickets, keyed by ticket",
    "mirror": "what other platforms report of theirs",
    "knowledge": "articles, keyed by article",
    "calls": "telephone calls, keyed by call",
    "oversight": "orders, cases and findings",
    "directory": "units, policies and calendars",
}
