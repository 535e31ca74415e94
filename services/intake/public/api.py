"""The caller's own view over HTTP: opened by a query code in a header, never in a URL."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.disputes.models import CALLER
from services.intake.disputes.operations import dispute_rating
from services.intake.disputes.schemas import DisputeIn
from services.intake.identity import Vault
from services.intake.models import Ticket
from services.intake.operations import lock_ticket
from services.intake.public import operations, schemas
from services.intake.public.limits import Addresses
from services.intake.public.operations import Guest
from services.intake.public.queries import read_view
from services.intake.ratings.operations import AlreadyRated, Opinion, rate
from services.intake.ratings.schemas import Levels
from services.intake.withdrawals.operations import ask_to_withdraw
from services.intake.withdrawals.schemas import Withdraw
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.service import runtime_of

ADDRESS = "X-Client-Address"
"""The gateway fills it in, whatever the call says."""
OPENING = (problems.Malformed, problems.NotFound, problems.TooManyTries)
READ_PROBLEMS = problems_of(*OPENING)
ACT_PROBLEMS = problems_of(
    *OPENING, problems.ActRefused, AlreadyRated, problems.StillRunning, problems.KeyReused
)
Number = Annotated[str, Path(pattern=r"^[0-9-]{1,40}$", description="工单编号")]
Code = Annotated[str, Header(alias="Query-Code", min_length=1, max_length=40, description="查询码")]
router = APIRouter(prefix="/v1/public", tags=["public"])


@router.get("/tickets/{number}", response_model=schemas.Request, responses=READ_PROBLEMS)
async def follow(number: Number, code: Code, request: Request) -> schemas.Request:
    """诉求人凭编号和查询码查看办理进展 (A9, ZY 5, YN 六(三)5)."""
    runtime = runtime_of(request)
    guest = await _open(request, number, code)
    async with runtime.database.sessions() as session:
        view = await read_view(session, guest.ticket_id)
        return schemas.Request.of(view, await runtime.law_book.read_in(session))


@router.post("/tickets/{number}/add", response_model=schemas.Done, responses=ACT_PROBLEMS)
async def add(number: Number, code: Code, body: schemas.Add, request: Request) -> Response:
    """诉求人补充 (A9, ZY 5)."""
    guest = await _open(request, number, code)

    async def act(session: AsyncSession) -> Ticket:
        done = await operations.add_words(
            session, runtime_of(request), guest, body.text, files=body.attachments
        )
        return done.ticket

    return await _act(request, guest, act)


@router.post("/tickets/{number}/withdraw", response_model=schemas.Done, responses=ACT_PROBLEMS)
async def withdraw(number: Number, code: Code, body: Withdraw, request: Request) -> Response:
    """诉求人申请撤回，由派单环节决定 (A9)."""
    guest = await _open(request, number, code)

    async def act(session: AsyncSession) -> Ticket:
        ticket = await lock_ticket(session, guest.ticket_id)
        done = await ask_to_withdraw(
            session, runtime_of(request), ticket, by=None, reason=body.reason
        )
        return done.ticket

    return await _act(request, guest, act)


@router.post("/tickets/{number}/rate", response_model=schemas.Done, responses=ACT_PROBLEMS)
async def rate_request(number: Number, code: Code, body: Levels, request: Request) -> Response:
    """诉求人评价：热线服务、承办单位联系、办理结果 (A9, A12, ZY 14)."""
    guest = await _open(request, number, code)

    async def act(session: AsyncSession) -> Ticket:
        ticket = await lock_ticket(session, guest.ticket_id)
        opinion = Opinion(**body.model_dump())
        done = await rate(session, runtime_of(request), ticket, by=CALLER, opinion=opinion)
        return done.ticket

    return await _act(request, guest, act)


@router.post("/tickets/{number}/disputes", response_model=schemas.Done, responses=ACT_PROBLEMS)
async def dispute(number: Number, code: Code, body: DisputeIn, request: Request) -> Response:
    """诉求人对评价过程提出申诉 (A12, JL 六(四))."""
    guest = await _open(request, number, code)

    async def act(session: AsyncSession) -> Ticket:
        ticket = await lock_ticket(session, guest.ticket_id)
        done = await dispute_rating(session, runtime_of(request), ticket, by=CALLER, text=body.text)
        return done.ticket

    return await _act(request, guest, act)


@router.post("/query-codes", status_code=202, response_model=schemas.Sent, responses=READ_PROBLEMS)
async def send_code(body: schemas.SendCode, request: Request) -> schemas.Sent:
    """忘记查询码：发送到登记的电话；是否相符，答复都相同 (A9)."""
    runtime, vault = runtime_of(request), _vault(request)
    await _take_try(request, body.number)
    async with runtime.database.sessions() as session, session.begin():
        await operations.send_code(session, runtime, vault, number=body.number, phone=body.phone)
    return schemas.Sent()


async def _open(request: Request, number: str, code: str) -> Guest:
    """Who brings the right code. The try is counted, and committed, before it is looked at."""
    runtime, vault = runtime_of(request), _vault(request)
    await _take_try(request, number)
    async with runtime.database.sessions() as session, session.begin():
        guest = await operations.let_in(session, vault, number=number, code=code)
    _addresses(request).give_back(_address(request))
    return guest


async def _take_try(request: Request, number: str) -> None:
    runtime = runtime_of(request)
    _addresses(request).take_try(_address(request))
    async with runtime.database.sessions() as session, session.begin():
        await operations.take_try(session, runtime, _vault(request), number)


async def _act(
    request: Request, guest: Guest, act: Callable[[AsyncSession], Awaitable[Ticket]]
) -> Response:
    async def operation(session: AsyncSession) -> Answer:
        return Answer(schemas.Done.of(await act(session)))

    return await run_act(runtime_of(request), request, guest, operation)


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


def _addresses(request: Request) -> Addresses:
    addresses: Addresses = request.app.state.addresses
    return addresses


def _address(request: Request) -> str:
    given = request.headers.get(ADDRESS)
    return given or (request.client.host if request.client is not None else "")
