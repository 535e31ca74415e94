"""Contacts of units over HTTP: people of the place and of the unit itself keep them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.contacts.operations import put_contacts
from services.dispatch.contacts.queries import list_contacts
from services.dispatch.contacts.schemas import PutContacts, UnitContact, UnitContacts
from services.dispatch.contacts.sight import find_unit_of
from services.dispatch.schemas import Code
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = (
    *(problems.Malformed, problems.Unauthenticated, problems.NotAllowed, problems.NotFound),
)
Key = Annotated[Code, Path()]

router = APIRouter(prefix="/v1/units", tags=["directory"])


@router.put("/{code}/contacts", response_model=UnitContacts, responses=problems_of(*PROBLEMS))
async def save_contacts(code: Key, body: PutContacts, request: Request, caller: Caller) -> Response:
    """承办单位的值守电话和邮箱，用于提醒；不随事件传出 (B13, ZY 13.4, 35)."""

    async def operation(session: AsyncSession) -> Answer:
        given = [one.contact() for one in body.items]
        await put_contacts(session, caller=caller, code=code, contacts=given)
        return Answer(await _shown(session, code))

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("/{code}/contacts", response_model=UnitContacts, responses=problems_of(*PROBLEMS))
async def show_contacts(code: Key, request: Request, caller: Caller) -> UnitContacts:
    """承办单位的值守电话和邮箱；只给本单位和本辖区的督办、管理人员看."""
    async with reading(runtime_of(request), caller) as session:
        await find_unit_of(session, code, caller=caller)
        return await _shown(session, code)


async def _shown(session: AsyncSession, code: str) -> UnitContacts:
    rows = await list_contacts(session, code)
    return UnitContacts(unit=code, items=[UnitContact.model_validate(row) for row in rows])
