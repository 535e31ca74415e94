"""Who am I, and as what: sessions over HTTP."""

from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.login.schemas import ChooseRole, Ended, EndSession, Me, OwnAssignment
from services.gateway.people.operations import held_by, real_now
from services.gateway.people.problems import CrossSite, NoRoleChosen, SessionOver
from services.gateway.people.schemas import Assignment
from services.gateway.people.sessions import (
    Found,
    choose_assignment,
    end_session,
    end_sessions,
    find_session,
    forget_known,
    refuse_cross_site,
    token_in,
)
from shared.answers import problems_of
from shared.audit import Entry, note
from shared.database import connection_of
from shared.events.chinese import CHINESE
from shared.idempotency import Answer, run_act
from shared.problems import (
    KeyReused,
    Malformed,
    NotFound,
    StillRunning,
    Unauthenticated,
)
from shared.security import principal_of
from shared.service import runtime_of

PROBLEMS = problems_of(
    *(Malformed, Unauthenticated, SessionOver, CrossSite, NoRoleChosen),
    *(NotFound, StillRunning, KeyReused),
)
router = APIRouter(prefix="/v1", tags=["sessions"], responses=PROBLEMS)


class Own(NamedTuple):
    """The caller's own session."""

    token: str
    found: Found

    @property
    def subject(self) -> str:
        """Who calls."""
        return self.found.work_number


@router.get("/me", response_model=Me)
async def show_me(request: Request) -> Me:
    """我是谁：当前的工号、岗位，以及可以选择的岗位."""
    token, _ = token_in(dict(request.scope["headers"]))
    settings = runtime_of(request).settings
    if token is None:
        caller = principal_of(request)
        return Me(
            work_number=caller.subject,
            name=None,
            role=caller.role,
            role_name=CHINESE[caller.role],
            jurisdiction=caller.jurisdiction,
            unit=caller.unit,
            assignments=[],
            idle_minutes=settings.session_idle_minutes,
        )
    own = await _own(request)
    async with runtime_of(request).database.sessions() as session:
        return await _me(session, own, own.found.assignment_id, settings.session_idle_minutes)


@router.post("/sessions/choose", name="choose_role", response_model=Me)
async def choose(body: ChooseRole, request: Request) -> Response:
    """选择岗位：本次登录从现在起以该岗位工作."""
    own, runtime = await _own(request), runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        connection = await connection_of(session)
        role = await choose_assignment(connection, own.token, body.assignment)
        if role is None:
            raise NotFound
        entry = Entry("role.chosen", own.subject, own.subject, detail={"role": str(role)})
        await note(session, entry, at=await real_now(session))
        idle = runtime.settings.session_idle_minutes
        return Answer(await _me(session, own, body.assignment, idle))

    answer = await run_act(runtime, request, own, operation)
    forget_known(runtime, own.token)
    return answer


@router.post("/sessions/end", response_model=Ended)
async def end(body: EndSession, request: Request) -> Response:
    """退出登录."""
    own, runtime = await _own(request), runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        connection = await connection_of(session)
        if body.everywhere:
            await end_sessions(connection, own.found.person_id)
        else:
            await end_session(connection, own.token)
        entry = Entry("session.ended", own.subject, own.subject)
        await note(session, entry, at=await real_now(session))
        return Answer(Ended(ended=True))

    answer = await run_act(runtime, request, own, operation)
    forget_known(runtime, own.token)
    return answer


async def _own(request: Request) -> Own:
    """The session of a call. Raises `Unauthenticated`, `SessionOver`, `CrossSite`."""
    headers, runtime = dict(request.scope["headers"]), runtime_of(request)
    token, is_cookie = token_in(headers)
    if token is None:
        raise Unauthenticated
    if is_cookie:
        refuse_cross_site(request.method, headers, runtime.settings)
    return Own(token, await find_session(runtime, token))


async def _me(session: AsyncSession, own: Own, chosen: UUID | None, idle_minutes: float) -> Me:
    held = await held_by(session, own.found.person_id)
    shown = [
        OwnAssignment(**Assignment.of(one).model_dump(), is_chosen=one.id == chosen) for one in held
    ]
    mine = next((one for one in shown if one.is_chosen), None)
    return Me(
        work_number=own.found.work_number,
        name=own.found.name,
        role=mine and mine.role,
        role_name=mine and mine.role_name,
        jurisdiction=mine and mine.jurisdiction,
        unit=mine and mine.unit,
        assignments=shown,
        idle_minutes=idle_minutes,
    )
