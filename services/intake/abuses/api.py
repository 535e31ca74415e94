"""Abuse over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.abuses import operations
from services.intake.abuses.models import AbuseNotice, AbuseRecord
from services.intake.abuses.queries import (
    find_notice,
    find_records,
    list_abuses,
    list_notices,
)
from services.intake.abuses.rules import TITLES, AbuseNoticeKind
from services.intake.abuses.schemas import (
    AbuseOut,
    AbuseQuery,
    DocumentQuery,
    DraftNotice,
    FlagAbuse,
    NoticeOut,
    NoticeQuery,
    SignNotice,
    number_in,
)
from services.intake.identity import Vault
from services.intake.models import Ticket
from services.intake.operations import record_look
from shared import seen
from shared.answers import problems_of
from shared.documents import (
    DOCUMENT_ANSWERS,
    Document,
    NotNumbered,
    Signer,
    answer_document,
    moment,
)
from shared.events.chinese import CHINESE
from shared.events.kinds import Abuse
from shared.events.words import Service
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.pages import Page, page_of
from shared.problems import OF_WRITES, ActRefused, NotFound
from shared.reading import reading, write_again
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES, ActRefused)
router = APIRouter(prefix="/v1", tags=["abuses"], responses=PROBLEMS)


@router.post("/tickets/{ticket_id}/abuse", status_code=201, response_model=AbuseOut)
async def flag(ticket_id: UUID, body: FlagAbuse, request: Request, caller: Caller) -> Response:
    """标记滥用热线的行为，留存证据；工单照常办理 (A13, ZY 29)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        said = operations.Flag(body.category, body.text, body.evidence)
        record, acted = await operations.flag_abuse(
            session, runtime, ticket_id, caller=caller, flag=said
        )
        header = seen.write_seen(str(ticket_id), {Service.INTAKE: acted.sequence})
        return Answer(AbuseOut.of(record), status=201, headers={seen.HEADER: header})

    return await run_act(runtime, request, caller, operation)


@router.get("/abuses", response_model=Page[AbuseOut])
async def show_abuses(
    request: Request, caller: Caller, wanted: Annotated[AbuseQuery, Query()]
) -> Page[AbuseOut]:
    """滥用记录，最新的在前."""
    place = wanted.jurisdiction or caller.jurisdiction
    if not covers(caller.jurisdiction, place):
        raise NotFound
    async with reading(runtime_of(request), caller) as session:
        rows = await list_abuses(
            session,
            place,
            category=wanted.category,
            after=wanted.after_id(),
            limit=wanted.limit + 1,
        )
    return page_of([AbuseOut.of(row) for row in rows], wanted.limit)


@router.get("/abuses/notices", response_model=Page[NoticeOut])
async def show_notices(
    request: Request, caller: Caller, wanted: Annotated[NoticeQuery, Query()]
) -> Page[NoticeOut]:
    """移交和告知文书，待签发的在内，最新的在前 (ZY 29)."""
    place = wanted.jurisdiction or caller.jurisdiction
    if not covers(caller.jurisdiction, place):
        raise NotFound
    async with reading(runtime_of(request), caller) as session:
        rows = await list_notices(
            session,
            place,
            is_signed=wanted.is_signed,
            after=wanted.after_id(),
            limit=wanted.limit + 1,
        )
    return page_of([NoticeOut.of(row) for row in rows], wanted.limit)


@router.post("/abuses/notices", status_code=201, response_model=NoticeOut)
async def draft(body: DraftNotice, request: Request, caller: Caller) -> Response:
    """拟稿：移交司法机关，或告知信用管理 (ZY 29)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        wanted = operations.Draft(body.kind, body.abuses, body.addressee, body.grounds)
        notice = await operations.draft_notice(session, runtime, caller=caller, draft=wanted)
        return Answer(NoticeOut.of(notice), status=201)

    return await run_act(runtime, request, caller, operation)


@router.post("/abuses/notices/{notice_id}/sign", response_model=NoticeOut)
async def sign(notice_id: UUID, _: SignNotice, request: Request, caller: Caller) -> Response:
    """签发：由拟稿人以外的人签发，取得文号 (ZY 29)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        notice = await operations.sign_notice(session, runtime, notice_id, caller=caller)
        return Answer(NoticeOut.of(notice))

    return await run_act(runtime, request, caller, operation)


@router.get("/abuses/notices/{notice_id}", response_model=NoticeOut)
async def show_notice(notice_id: UUID, request: Request, caller: Caller) -> NoticeOut:
    """一份文书，不含诉求人信息."""
    async with reading(runtime_of(request), caller) as session:
        return NoticeOut.of(await find_notice(session, notice_id, caller=caller))


@router.get(
    "/abuses/notices/{notice_id}/document",
    response_class=Response,
    responses=DOCUMENT_ANSWERS | problems_of(NotNumbered),
)
async def show_document(
    notice_id: UUID, request: Request, caller: Caller, wanted: Annotated[DocumentQuery, Query()]
) -> Response:
    """文书正本，含诉求人信息，调取留痕 (ZY 22, 29)."""
    runtime, vault = runtime_of(request), request.app.state.vault
    async with reading(runtime, caller) as session:
        notice = await find_notice(session, notice_id, caller=caller)
        if notice.signed_at is None:
            raise NotNumbered
        records = await find_records(session, notice.abuses)
        await write_again(session, runtime)
        for _, ticket in records:
            await record_look(
                session,
                runtime.clock,
                ticket.id,
                by=caller.subject,
                purpose=f"调取{number_in(notice)}正本",
            )
        document = await _document(notice, records, vault)
    return await answer_document(document, wanted.format)


async def _document(
    notice: AbuseNotice, records: list[tuple[AbuseRecord, Ticket]], vault: Vault
) -> Document:
    """The document as it leaves: what was done, with its evidence, and by whom."""
    assert notice.signed_at is not None
    assert notice.signed_by is not None
    ticket = records[-1][1]
    sealed = ticket.identity
    identity = {} if sealed is None else await vault.open(sealed, ticket.id)
    told = [str(identity[name]) for name in ("name", "phone", "address") if name in identity]
    facts = [("诉求人", "；".join(told) or "未留下信息")]
    for record, one in records:
        what = f"{moment(record.flagged_at)}，{CHINESE[Abuse(record.category)]}：{record.text}"
        facts.append((f"工单 {one.number}", f"{what}（证据 {len(record.evidence)} 件）"))
    return Document(
        title=TITLES[AbuseNoticeKind(notice.kind)],
        number=number_in(notice) or "",
        office=f"12345政务服务便民热线（{notice.office}）",
        addressee=notice.addressee,
        at=notice.signed_at,
        paragraphs=[
            notice.grounds,
            "依据《运行管理暂行办法》第二十九条（ZY 29），现将有关情况函告。",
        ],
        facts=facts,
        signers=[Signer("签发人", notice.signed_by, notice.signed_at)],
        seal="12345政务服务便民热线",
    )
