"""Who may call which operation of analytics: figures, which name nobody."""

from shared.access import BUSINESS, OVERSEERS, Table, everywhere, own, place
from shared.events.words import Role

READERS = (*BUSINESS, Role.ADMINISTRATOR)

ACCESS: Table = {
    "GET /v1/analytics/counts": own(*READERS),
    "GET /v1/analytics/overview": own(*READERS),
    "GET /v1/analytics/mirror": place(*OVERSEERS, Role.ANALYST, Role.ADMINISTRATOR),
    "GET /v1/audit/analytics": everywhere(Role.AUDITOR),
}
