"""Where a path leads, and what a caller has seen."""

import pytest

from services.gateway.rules import later, route, ticket_in
from shared.events.words import Service

TICKET = "/v1/tickets/01a1ff6b-3698-74a7-bb95-d23c2acab522"


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/v1/tickets", Service.INTAKE),
        ("POST", "/v1/tickets/bulk", Service.INTAKE),
        ("GET", "/v1/tickets", Service.DISPATCH),
        ("GET", TICKET, Service.DISPATCH),
        ("GET", f"{TICKET}/timeline", Service.DISPATCH),
        ("POST", f"{TICKET}/sign", Service.DISPATCH),
        ("POST", f"{TICKET}/decide-return", Service.DISPATCH),
        ("POST", f"{TICKET}/follow-up", Service.INTAKE),
        ("POST", f"{TICKET}/rate", Service.INTAKE),
        ("GET", f"{TICKET}/caller", Service.INTAKE),
        ("GET", f"{TICKET}/deadlines", Service.SLA),
        ("POST", "/v1/deadlines/preview", Service.SLA),
        ("PUT", "/v1/units/512000-01", Service.DISPATCH),
        ("PUT", "/v1/categories/01", Service.INTAKE),
        ("GET", "/v1/articles", Service.KNOWLEDGE),
        ("GET", "/v1/analytics/counts", Service.ANALYTICS),
        ("GET", "/v1/nothing", None),
    ],
)
def test_each_path_leads_to_its_service(method: str, path: str, service: Service | None) -> None:
    assert route(method, path) == service


def test_the_ticket_of_a_path_is_found() -> None:
    assert ticket_in(f"{TICKET.upper().replace('/V1/TICKETS', '/v1/tickets')}/sign") == TICKET[12:]
    assert ticket_in("/v1/tickets") is None


def test_what_was_seen_only_grows() -> None:
    assert later({"intake": 3}, {"intake": 1, "dispatch": 2}) == {"intake": 3, "dispatch": 2}
