"""Where a path leads. A table: the first row that matches counts."""

import re

from shared.events.words import Service

TICKET = r"/v1/tickets/[0-9a-fA-F-]{36}"
ROUTES: tuple[tuple[str, str, Service], ...] = (
    ("POST", r"/v1/tickets(/bulk)?", Service.INTAKE),
    ("POST", TICKET + r"/note-rating", Service.INTAKE),
    ("*", TICKET + r"/(follow-up|rate|caller|(reveal|seal)-caller|verify|amend)", Service.INTAKE),
    (
        "*",
        TICKET + r"/(withdraw|screen|decide-screening|report-emergency|abuse|erase)",
        Service.INTAKE,
    ),
    ("*", TICKET + r"/(attachments|disputes|publish|take-back)(/.*)?", Service.INTAKE),
    ("*", r"/v1/(jurisdictions|categories|attachments|callers)(/.*)?", Service.INTAKE),
    ("*", r"/v1/exchange-keys", Service.INTAKE),
    ("*", r"/v1/(scope|verifications|hotlines|inbound(-sources)?|public)(/.*)?", Service.INTAKE),
    (
        "*",
        r"/v1/(follow-ups|screenings|disputes|publications|caller-notices)(/.*)?",
        Service.INTAKE,
    ),
    ("*", r"/v1/(abuses|calls|seats|quality-forms|quality-checks)(/.*)?", Service.INTAKE),
    ("GET", TICKET + r"/deadlines", Service.SLA),
    ("*", TICKET + r"/(extend|(decide|explain)-extension|(set|decide)-limit)", Service.SLA),
    ("*", TICKET + r"/(pause|resume)", Service.SLA),
    ("*", r"/v1/(deadlines|extensions|limits|promises)(/.*)?", Service.SLA),
    ("*", r"/v1/(orders|policies|calendars)(/.*)?", Service.SLA),
    ("*", r"/v1/tickets(/.*)?", Service.DISPATCH),
    ("*", r"/v1/(units|duty-rules|precedents|cases|machine)(/.*)?", Service.DISPATCH),
    ("*", r"/v1/(repeats|masters|suggestions|terminations|notices)(/.*)?", Service.DISPATCH),
    ("*", r"/v1/articles(/.*)?", Service.KNOWLEDGE),
    ("*", r"/v1/(feeds|subscriptions)(/.*)?", Service.GATEWAY),
    (
        "*",
        r"/v1/(exchange|peers|federation|people|sessions|me|open311-keys)(/.*)?",
        Service.GATEWAY,
    ),
    ("*", r"/v1/analytics(/.*)?", Service.ANALYTICS),
    *(("GET", f"/v1/audit/{service}", service) for service in Service),
)
OPEN = re.compile(r"/v1/(public|inbound)(/.*)?")
"""Callers and senders of messages have no token: a query code or a signature opens these."""
_COMPILED = tuple((method, re.compile(pattern), service) for method, pattern, service in ROUTES)
_TICKET_ID = re.compile(r"/v1/tickets/([0-9a-fA-F-]{36})(?:/.*)?")


def route(method: str, path: str) -> Service | None:
    """The service that answers a call, none where no row matches."""
    for wanted, pattern, service in _COMPILED:
        if wanted in ("*", method) and pattern.fullmatch(path):
            return service
    return None


def ticket_in(path: str) -> str | None:
    """The ticket that a path speaks of."""
    found = _TICKET_ID.fullmatch(path)
    return None if found is None else found.group(1).lower()


def later(seen: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """The last sequence of each service in either."""
    return seen | {name: max(sequence, seen.get(name, 0)) for name, sequence in more.items()}
