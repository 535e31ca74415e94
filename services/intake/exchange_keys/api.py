"""Exchange keys over HTTP."""

import base64
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.exchange_keys import operations, schemas
from services.intake.identity import Vault
from services.intake.keys.refusals import BadSeal, KeyUnavailable
from services.intake.operations import lock_own_ticket, record_look
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
    problems.StillRunning,
    problems.KeyReused,
    KeyUnavailable,
    BadSeal,
)
router = APIRouter(prefix="/v1", tags=["exchange-keys"], responses=PROBLEMS)


@router.get("/exchange-keys", response_model=schemas.ExchangeKeys)
async def list_exchange_keys(request: Request, _: Caller) -> schemas.ExchangeKeys:
    """本平台的交换公钥：其他平台用它为本平台加密诉求人 (F2, ZY 22)."""
    runtime, vault = runtime_of(request), _vault(request)
    await vault.ready()
    suite = runtime.settings.crypto_suite
    async with runtime.database.sessions() as session, session.begin():
        keys = await operations.current_keys(session, vault, suite=suite)
        items = [schemas.ExchangeKeyOut.of(key) for key in keys]
    return schemas.ExchangeKeys(platform=runtime.settings.platform, items=items)


@router.post("/tickets/{ticket_id}/seal-caller", response_model=schemas.SealedCallerOut)
async def seal_caller(
    ticket_id: UUID, body: schemas.SealCaller, request: Request, caller: Caller
) -> Response:
    """为接收平台加密诉求人，转出工单时用；写明用途并留痕 (F2, ZY 22)."""
    runtime, vault = runtime_of(request), _vault(request)

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        sealed = None
        if ticket.identity is not None:
            identity = await vault.open(ticket.identity, ticket_id)
            sealed = operations.seal_for(
                identity,
                body.recipient(),
                sender=runtime.settings.platform,
                ticket_id=ticket_id,
                purpose=body.purpose,
            )
            why = f"{body.purpose}（转 {body.recipient_platform}）"
            await record_look(session, runtime.clock, ticket_id, by=caller.subject, purpose=why)
        shown = None if sealed is None else base64.b64encode(sealed).decode()
        return Answer(
            schemas.SealedCallerOut(key_id=body.key_id, sealed=shown, purpose=body.purpose)
        )

    return await run_act(runtime, request, caller, operation)


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault
