"""Intake over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.routing import Route

from services.intake import operations, queries, rules, schemas
from services.intake.bulk import answer_lines
from services.intake.filing.filer import Filer
from services.intake.filing.requests import Key
from services.intake.forms import filing_of, parse_request
from services.intake.identity import Identity, Vault
from services.intake.keys.refusals import BadSeal, KeyUnavailable
from services.intake.origins.filing import with_caller
from services.intake.sight import is_seen
from shared.answers import json_body, ndjson, problems_of
from shared.audit import Entry, note
from shared.idempotency import hash_body, read_key
from shared.problems import (
    ActRefused,
    Malformed,
    NotAllowed,
    NotFound,
    NotHeardYet,
    StillRunning,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from shared.reading import reading
from shared.security import Caller, principal_of
from shared.service import runtime_of

PROBLEMS = problems_of(
    Malformed,
    Unauthenticated,
    NotAllowed,
    NotFound,
    ActRefused,
    StillRunning,
    TooLarge,
    NotHeardYet,
    Unavailable,
    KeyUnavailable,
    BadSeal,
)
router = APIRouter(prefix="/v1", responses=PROBLEMS)


# The hot path reads its body and its caller by itself: FastAPI's way costs a third of the call.
@router.post(
    "/tickets",
    status_code=201,
    responses={200: {"model": schemas.FiledTicket, "description": "此前已登记"}},
    response_model=schemas.FiledTicket,
    tags=["tickets"],
    openapi_extra=json_body(schemas.FileTicket),
)
async def file_ticket(request: Request) -> Response:
    """登记一件诉求 (A1). A repeated `channel_ref` or `external_id` answers 200."""
    request.scope["route"] = FILING
    caller = principal_of(request)
    body = await request.body()
    key = read_key(request)
    kept = None
    if key is not None:
        kept = Key(caller.subject, request.scope["path"], key, hash_body(body))
    form = await with_caller(
        runtime_of(request), request.app.state.vault, caller, parse_request(body)
    )
    filing = await filing_of(request.app.state.directory, caller, form, kept)
    filer: Filer = request.app.state.filer
    filed = await filer.file(filing)
    return Response(
        filed.body,
        status_code=filed.status,
        media_type="application/json",
        headers=filed.headers,
    )


FILING = Route("/v1/tickets", file_ticket, methods=["POST"])
"""Straight to the function: FastAPI's own route only documents it."""


@router.post(
    "/tickets/bulk",
    tags=["tickets"],
    response_class=Response,
    responses={
        200: {
            "description": "逐行结果：`{line, status, id, problem}`",
            "content": ndjson(*schemas.BULK_ANSWERS),
        }
    },
    openapi_extra={
        "requestBody": {"required": True, "content": ndjson(schemas.FILING_EXAMPLE)},
    },
)
async def file_bulk(request: Request, caller: Caller) -> Response:
    """批量登记：每行一件 JSON. A wrong line is reported by its number and the rest goes on."""
    state = request.app.state
    return await answer_lines(runtime_of(request), state.vault, state.directory, request, caller)


@router.get("/tickets/{ticket_id}/caller", response_model=schemas.CallerOut, tags=["tickets"])
async def masked_caller(ticket_id: UUID, request: Request, caller: Caller) -> schemas.CallerOut:
    """诉求人（脱敏）."""
    async with reading(runtime_of(request), caller) as session:
        ticket = await queries.find_ticket(session, ticket_id)
    if ticket is None or not is_seen(ticket, caller):
        raise NotFound
    return _masked(await _identity(request, ticket.identity, ticket_id))


@router.post(
    "/tickets/{ticket_id}/reveal-caller", response_model=schemas.CallerOut, tags=["tickets"]
)
async def reveal_caller(
    ticket_id: UUID, body: schemas.Purpose, request: Request, caller: Caller
) -> Response:
    """查看诉求人，写明用途并留痕 (F6, ZY 22)."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session, session.begin():
        ticket = await operations.lock_own_ticket(session, ticket_id, caller)
        await operations.record_look(
            session, runtime.clock, ticket_id, by=caller.subject, purpose=body.purpose
        )
        identity = await _identity(request, ticket.identity, ticket_id)
    return Response(schemas.CallerOut(**identity).model_dump_json(), media_type="application/json")


@router.put("/jurisdictions/{code}", response_model=schemas.JurisdictionOut, tags=["directory"])
async def put_jurisdiction(
    code: schemas.Code, body: schemas.JurisdictionIn, request: Request, caller: Caller
) -> schemas.JurisdictionOut:
    """受理一地的诉求."""
    async with runtime_of(request).database.sessions() as session, session.begin():
        await operations.put_jurisdiction(session, code, body.name)
        await note(session, Entry("jurisdiction.changed", code, caller.subject), at=None)
    return schemas.JurisdictionOut(code=code, name=body.name)


@router.get("/jurisdictions", response_model=list[schemas.JurisdictionOut], tags=["directory"])
async def list_jurisdictions(request: Request, _: Caller) -> list[schemas.JurisdictionOut]:
    """受理的地区."""
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_jurisdictions(session)
    return [schemas.JurisdictionOut(code=row.code, name=row.name) for row in rows]


async def _identity(request: Request, sealed: bytes | None, ticket_id: UUID) -> Identity:
    vault: Vault = request.app.state.vault
    return {} if sealed is None else await vault.open(sealed, ticket_id)


def _masked(identity: Identity) -> schemas.CallerOut:
    masks = {
        "name": rules.mask_name,
        "phone": rules.mask_phone,
        "address": rules.mask_address,
        "contact": rules.mask_name,
    }
    return schemas.CallerOut(**{name: masks[name](str(value)) for name, value in identity.items()})
