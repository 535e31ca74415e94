"""People over HTTP: administration makes them, security grants roles and keeps the keys."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Concatenate, ParamSpec

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.issuer import operations as issuer
from services.gateway.people import operations
from services.gateway.people.models import Person as PersonRow
from services.gateway.people.operations import Grant
from services.gateway.people.problems import (
    ForeignIssuer,
    NotApart,
    NotYourself,
    WorkNumberTaken,
)
from services.gateway.people.queries import find_person, held_by_all, list_people
from services.gateway.people.schemas import (
    AddPerson,
    Because,
    GrantRole,
    PasswordReset,
    Person,
    RevokeRole,
    WorkNumber,
)
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, PageQuery, write_cursor
from shared.problems import OF_WRITES
from shared.reading import reading
from shared.security import Caller, Principal
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES, NotYourself, NotApart, WorkNumberTaken, ForeignIssuer)
router = APIRouter(prefix="/v1/people", tags=["people"], responses=PROBLEMS)
P = ParamSpec("P")


class Acting:
    """The caller of a request, who acts on a person: in one transaction, answered with them."""

    def __init__(self, request: Request, caller: Principal) -> None:
        self.caller = caller
        self._request = request

    async def __call__(
        self,
        operation: Callable[Concatenate[AsyncSession, P], Awaitable[PersonRow]],
        /,
        *given: P.args,
        **named: P.kwargs,
    ) -> Response:
        """Do it once for each Idempotency-Key, and show the person as they are then."""

        async def answering(session: AsyncSession) -> Answer:
            person = await operation(session, *given, **named)
            held = await operations.held_by(session, person.id)
            return Answer(Person.of(person, held))

        return await run_act(runtime_of(self._request), self._request, self.caller, answering)


async def _acting(request: Request, caller: Caller) -> Acting:
    return Acting(request, caller)


Act = Annotated[Acting, Depends(_acting)]


@router.post("", status_code=201, response_model=Person)
async def add_person(body: AddPerson, request: Request, caller: Caller) -> Response:
    """登记人员：由系统管理登记；登记后还没有角色，也不能登录."""

    async def operation(session: AsyncSession) -> Answer:
        made = await operations.add_person(session, caller=caller, **body.model_dump())
        return Answer(Person.of(made, []), status=201)

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("", response_model=Page[Person])
async def show_people(
    request: Request, caller: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[Person]:
    """人员列表：系统管理和安全管理可见本地区的人员."""
    async with reading(runtime_of(request), caller) as session:
        rows = await list_people(
            session, caller=caller, after=wanted.after_id(), limit=wanted.limit + 1
        )
        shown = rows[: wanted.limit]
        held = await held_by_all(session, [one.id for one in shown])
    more = len(rows) > wanted.limit
    return Page(
        items=[Person.of(one, held[one.id]) for one in shown],
        next=write_cursor(str(shown[-1].id)) if more else None,
    )


@router.get("/{work_number}", response_model=Person)
async def show_person(work_number: WorkNumber, request: Request, caller: Caller) -> Person:
    """一名人员及其岗位."""
    async with reading(runtime_of(request), caller) as session:
        found = await find_person(session, work_number, caller=caller)
        return Person.of(found, await operations.held_by(session, found.id))


@router.post("/{work_number}/deactivate", response_model=Person)
async def deactivate(work_number: WorkNumber, body: Because, act: Act) -> Response:
    """停用人员：立即退出登录，工号保留."""
    return await act(
        operations.set_active, work_number, is_active=False, caller=act.caller, reason=body.reason
    )


@router.post("/{work_number}/activate", response_model=Person)
async def activate(work_number: WorkNumber, body: Because, act: Act) -> Response:
    """重新启用人员."""
    return await act(
        operations.set_active, work_number, is_active=True, caller=act.caller, reason=body.reason
    )


@router.post("/{work_number}/grant", response_model=Person)
async def grant(work_number: WorkNumber, body: GrantRole, act: Act) -> Response:
    """授予岗位：由安全管理授予，不得授予自己；系统、安全、审计管理不得兼任."""
    wanted = Grant(body.role, body.jurisdiction, body.unit, body.seat)
    return await act(operations.grant, work_number, wanted, caller=act.caller)


@router.post("/{work_number}/revoke", response_model=Person)
async def revoke(work_number: WorkNumber, body: RevokeRole, act: Act) -> Response:
    """撤销岗位：正以此岗位工作的登录立即失效."""
    return await act(operations.revoke, work_number, body.assignment, caller=act.caller)


@router.post("/{work_number}/lock", response_model=Person)
async def lock(work_number: WorkNumber, body: Because, act: Act) -> Response:
    """锁定人员：立即退出登录，解锁前不能登录."""
    return await act(
        operations.set_locked, work_number, is_locked=True, caller=act.caller, reason=body.reason
    )


@router.post("/{work_number}/unlock", response_model=Person)
async def unlock(work_number: WorkNumber, body: Because, act: Act) -> Response:
    """解锁人员，包括因多次输错口令的锁定."""
    return await act(issuer.unlock, work_number, caller=act.caller, reason=body.reason)


@router.post("/{work_number}/unbind", response_model=Person)
async def unbind(work_number: WorkNumber, body: Because, act: Act) -> Response:
    """解除与身份服务账号的绑定：更换身份服务后，下次登录重新绑定."""
    return await act(operations.unbind, work_number, caller=act.caller, reason=body.reason)


@router.post("/{work_number}/reset-second-factor", response_model=Person)
async def reset_second_factor(
    work_number: WorkNumber, body: Because, request: Request, act: Act
) -> Response:
    """清除第二因素：手机遗失后，下次登录重新登记."""
    _require_built_in(request)

    async def operation(session: AsyncSession) -> PersonRow:
        person = await operations.lock_person(session, work_number, caller=act.caller)
        await issuer.reset_second_factor(session, person, caller=act.caller, reason=body.reason)
        return person

    return await act(operation)


@router.post("/{work_number}/reset-password", response_model=PasswordReset)
async def reset_password(
    work_number: WorkNumber, body: Because, request: Request, caller: Caller
) -> Response:
    """发放一次性口令：首次登录须自行改为新口令；原口令和登录立即失效."""
    _require_built_in(request)
    runtime = runtime_of(request)
    given: list[PasswordReset] = []

    async def operation(session: AsyncSession) -> Answer:
        person = await operations.lock_person(session, work_number, caller=caller)
        temporary = await issuer.give_temporary(
            session, person, runtime.settings, caller=caller, reason=body.reason
        )
        kept = PasswordReset.of(work_number, temporary.valid_until)
        given.append(kept.model_copy(update={"temporary_password": temporary.password}))
        return Answer(kept)

    answer = await run_act(runtime, request, caller, operation)
    if not given:
        return answer
    # Kept answers hold no secret: it goes out once, beside what is kept.
    return Response(given[0].model_dump_json(), media_type="application/json")


def _require_built_in(request: Request) -> None:
    if runtime_of(request).settings.oidc_issuer:
        raise ForeignIssuer
