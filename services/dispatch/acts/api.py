"""How every act on a ticket is run over HTTP, whichever folder it belongs to."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from asyncpg import DeadlockDetectedError
from fastapi import Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.operations import Turn, take_turn
from services.dispatch.links.operations import follow_main
from services.dispatch.schemas import ActAnswer
from shared import problems, seen
from shared.events.words import Act, Service
from shared.idempotency import Answer, Operation, run_act
from shared.runtime import Runtime
from shared.security import Principal
from shared.service import runtime_of

READ_PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotFound,
    problems.NotHeardYet,
)
ACT_PROBLEMS = (*problems.OF_ACTS, problems.Unavailable)
ATTEMPTS_MAX = 5


async def run_on_ticket(
    request: Request,
    caller: Principal,
    ticket_id: UUID,
    act: Act,
    do: Callable[[Turn], Awaitable[None]],
) -> Response:
    """One act: who may, what they have seen, then lock, act and answer in one transaction.

    What goes with the ticket follows it in the same transaction (A8).
    """
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        turn = await take_turn(session, runtime, caller=caller, ticket_id=ticket_id, act=act)
        before = turn.ticket.state
        await do(turn)
        row = turn.ticket
        if row.state is not before:
            await follow_main(turn)
        header = seen.write_seen(str(row.id), {Service.DISPATCH: row.sequence})
        answer = ActAnswer.of(row, turn.law)
        return Answer(answer, headers={seen.HEADER: header})

    return await run_crossing(runtime, request, caller, operation)


async def run_crossing(
    runtime: Runtime, request: Request, caller: Principal, operation: Operation
) -> Response:
    """Run an act that locks several tickets; again where PostgreSQL ended it for a deadlock.

    Acts on linked tickets and batches of events may wait for each other in a circle: one is ended,
    nothing of it is kept, and it is done anew. Raises `Unavailable` where that goes on.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            return await run_act(runtime, request, caller, operation)
        except (DBAPIError, DeadlockDetectedError) as error:
            if not _is_deadlock(error):
                raise
    raise problems.Unavailable


def _is_deadlock(error: BaseException | None) -> bool:
    if error is None or isinstance(error, DeadlockDetectedError):
        return error is not None
    return _is_deadlock(error.__cause__)
