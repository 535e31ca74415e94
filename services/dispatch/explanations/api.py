"""Asking over HTTP whom a matter goes to, and why."""

from fastapi import APIRouter, Request

from services.dispatch.explanations.queries import explain_question, explain_ticket
from services.dispatch.explanations.schemas import Explain, Explanation, TicketFacts
from services.dispatch.queries import find_ticket
from shared import problems
from shared.access import BUSINESS, is_of_unit
from shared.answers import problems_of
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
)
READERS = tuple(role for role in BUSINESS if not is_of_unit(role))
"""A unit does not see how the hotline decides of a ticket; of a mere question it may know."""

router = APIRouter(prefix="/v1/duty-rules", tags=["directory"])


@router.post("/explain", response_model=Explanation, responses=problems_of(*PROBLEMS))
async def explain(body: Explain, request: Request, caller: Caller) -> Explanation:
    """这样的诉求、这件工单派给谁，为什么；不作任何改动."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        if body.ticket_id is None:
            return Explanation.of(await explain_question(session, body.question()))
        caller.require(*READERS)
        ticket = await find_ticket(session, body.ticket_id, caller=caller)
        found = await explain_ticket(session, runtime, ticket)
    return Explanation.of(found.considered, TicketFacts.of(found))
