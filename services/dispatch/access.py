"""Who may call which operation of dispatch; the acts' rows come from the state machine."""

from services.dispatch.cases.rules import READERS as CASE_READERS
from services.dispatch.cases.rules import ROLES as CASE_ROLES
from services.dispatch.rules import ROLES
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
from shared.events.words import Act, Role

ELSEWHERE = frozenset({Act.FOLLOW_UP, Act.RATE, Act.SCREEN, Act.DECIDE_SCREENING, Act.WITHDRAW})
"""Acts that intake takes; its table names the same roles."""
OF_A_CASE = frozenset({Act.DECIDE_CASE, Act.DROP_CASE})
ACTS = tuple(act for act in ROLES if act not in ELSEWHERE | OF_A_CASE and ROLES[act])
DECIDERS = (Role.COORDINATION, Role.SUPERVISOR)
KEEPERS = (*UNITS, Role.SUPERVISOR, Role.ADMINISTRATOR)
NOTICE_READERS = (Role.ADMINISTRATOR, Role.SUPERVISOR)

ACCESS: Table = {
    **{f"POST /v1/tickets/{{ticket_id}}/{act}": own(*ROLES[act]) for act in ACTS},
    "POST /v1/masters/{ticket_id}/link": own(*ROLES[Act.LINK]),
    **{f"POST /v1/cases/{{case_id}}/{act}": own(*roles) for act, roles in CASE_ROLES.items()},
    "POST /v1/tickets/{ticket_id}/settle": own(Role.PLATFORM),
    "GET /v1/tickets": own(*BUSINESS),
    "GET /v1/tickets/{ticket_id}": own(*BUSINESS),
    "GET /v1/tickets/{ticket_id}/timeline": own(*BUSINESS),
    "GET /v1/tickets/{ticket_id}/repeats": own(*BUSINESS),
    "GET /v1/tickets/{ticket_id}/suggestion": own(*BUSINESS),
    "GET /v1/masters/{ticket_id}": own(*BUSINESS),
    "GET /v1/machine": everywhere(*EVERYBODY),
    "GET /v1/units": everywhere(*EVERYBODY),
    "PUT /v1/units/{code}": place(Role.ADMINISTRATOR),
    "GET /v1/units/{code}/contacts": own(*KEEPERS),
    "PUT /v1/units/{code}/contacts": own(*KEEPERS),
    "GET /v1/units/{code}/returns": own(
        *UNITS, *OFFICE, Role.COORDINATION, Role.LEADER, Role.DISCIPLINE, Role.ANALYST
    ),
    "GET /v1/duty-rules": everywhere(*EVERYBODY),
    "PUT /v1/duty-rules/{rule_id}": place(Role.ADMINISTRATOR),
    "POST /v1/duty-rules/explain": own(*BUSINESS, Role.ADMINISTRATOR),
    "GET /v1/precedents": own(*BUSINESS),
    "POST /v1/precedents": place(*DECIDERS),
    "POST /v1/precedents/{precedent_id}/retire": place(*DECIDERS),
    "POST /v1/repeats/search": place(*OFFICE),
    "GET /v1/masters/offers": place(*OFFICE),
    "POST /v1/masters/offers/{offer_id}/dismiss": place(*OFFICE),
    "POST /v1/suggestions/preview": place(*OFFICE),
    "GET /v1/suggestions/figures": place(Role.SUPERVISOR, Role.ANALYST),
    "GET /v1/terminations": own(
        *(*UNITS, *OFFICE, Role.FOLLOW_UP, *OVERSEERS, Role.ANALYST),
    ),
    "GET /v1/cases": place(*CASE_READERS),
    "GET /v1/cases/{case_id}": place(*CASE_READERS),
    "GET /v1/cases/{case_id}/document": own(*CASE_READERS, *UNITS),
    "GET /v1/notices": place(*NOTICE_READERS),
    "POST /v1/notices/{notice_id}/replay": place(*NOTICE_READERS),
    "GET /v1/audit/dispatch": everywhere(Role.AUDITOR),
}
