"""Who may call which operation of sla."""

from shared.access import (
    BUSINESS,
    EVERYBODY,
    OFFICE,
    OVERSEERS,
    UNITS,
    Table,
    everywhere,
    own,
    place,
)
from shared.events.words import Role

ORDER_READERS = (*OVERSEERS, *UNITS, Role.ANALYST)
"""Who signs an order says its pack; so each act is looked at once more where the order is known."""
ORDER_ACTS = ("sign", "drop", "answer", "accept", "reject-answer")

ACCESS: Table = {
    "GET /v1/tickets/{ticket_id}/deadlines": own(*BUSINESS),
    "POST /v1/tickets/{ticket_id}/pause": place(Role.SUPERVISOR),
    "POST /v1/tickets/{ticket_id}/resume": place(Role.SUPERVISOR),
    "POST /v1/tickets/{ticket_id}/extend": own(*UNITS),
    "POST /v1/tickets/{ticket_id}/decide-extension": place(*OFFICE, Role.COORDINATION, Role.LEADER),
    "POST /v1/tickets/{ticket_id}/explain-extension": own(*UNITS),
    "POST /v1/tickets/{ticket_id}/set-limit": own(*UNITS),
    "POST /v1/tickets/{ticket_id}/decide-limit": place(Role.SUPERVISOR),
    "GET /v1/extensions": own(*BUSINESS),
    "GET /v1/limits": own(*BUSINESS),
    "POST /v1/deadlines/preview": everywhere(*EVERYBODY),
    "PUT /v1/promises/{unit}": own(*UNITS),
    "GET /v1/promises/{unit}": own(*BUSINESS, Role.ADMINISTRATOR),
    "DELETE /v1/promises/{unit}": own(*UNITS),
    "POST /v1/policies": place(Role.ADMINISTRATOR),
    "GET /v1/policies": everywhere(*EVERYBODY),
    "GET /v1/policies/{code}": everywhere(*EVERYBODY),
    "POST /v1/calendars": place(Role.ADMINISTRATOR),
    "GET /v1/calendars": everywhere(*EVERYBODY),
    "GET /v1/orders": own(*ORDER_READERS),
    "POST /v1/orders": place(*OVERSEERS),
    "GET /v1/orders/{order_id}": own(*ORDER_READERS),
    "GET /v1/orders/{order_id}/document": own(*ORDER_READERS),
    **{f"POST /v1/orders/{{order_id}}/{act}": own(*ORDER_READERS) for act in ORDER_ACTS},
    "GET /v1/audit/sla": everywhere(Role.AUDITOR),
}
