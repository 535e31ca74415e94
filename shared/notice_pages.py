"""Notices over HTTP: which could not be sent, and sending them again. Addresses are not shown."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import problems
from shared.answers import BeijingTime, problems_of
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers, prefix
from shared.notices import NoticeKind, NoticeState
from shared.pages import Page, PageQuery, page_of
from shared.problems import NotFound, Problem
from shared.reading import reading
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

SHOWN = """id, kind, recipient, ticket_id, template, text, jurisdiction, created_at, next_at,
    attempts, state, failure, sent_at"""
LIST = text(f"""SELECT {SHOWN} FROM notices WHERE state = :state
AND (:within = '' OR jurisdiction LIKE :within || '%') AND (CAST(:after AS uuid) IS NULL
OR id < CAST(:after AS uuid)) ORDER BY id DESC LIMIT :limit""")
LOCK = text("SELECT jurisdiction, state FROM notices WHERE id = :id FOR UPDATE")
REPLAY = text(f"""UPDATE notices SET state = 'waiting', attempts = 0, next_at = :at,
    replayed_by = array_append(replayed_by, :by) WHERE id = :id RETURNING {SHOWN}""")


class NoticeNotDead(Problem):
    """This notice waits to be sent, or was sent."""

    status = 409
    code = "notice_not_dead"
    detail = "只有发送失败的通知可以重新发送。"


class NoticeQuery(PageQuery):
    """通知的查询条件。"""

    state: NoticeState = Field(NoticeState.DEAD, description="waiting、sent 或 dead（发送失败）")


class NoticeShown(BaseModel):
    """一条通知；不含号码和姓名。"""

    id: UUID
    kind: NoticeKind = Field(description="unit 承办单位、caller 诉求人、office 值班机构")
    to: str = Field(description="承办单位代码、工单编号或行政区划代码")
    ticket_id: UUID | None
    template: str = Field(description="因何事通知，为事件名", examples=["ticket.dispatched"])
    text: str
    created_at: BeijingTime
    next_at: BeijingTime = Field(description="何时发送或再次发送")
    attempts: int = Field(description="已尝试次数")
    state: NoticeState
    failure: str | None = Field(description="上次失败的原因代码", examples=["smtp_451"])
    sent_at: BeijingTime | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The notice of a row, for people."""
        values = row._asdict()
        return cls.model_validate(values | {"to": values["recipient"]})


def make_router(path: str) -> APIRouter:
    """The pages of one service's notices, at `path`."""
    router = APIRouter(prefix=path, tags=["notices"])
    noun = path.rpartition("/")[2].replace("-", "_")

    @router.get(
        "",
        name=f"find_{noun}",
        summary="通知列表",
        response_model=Page[NoticeShown],
        responses=problems_of(problems.Malformed, problems.Unauthenticated, problems.NotAllowed),
    )
    async def find_notices(
        request: Request, caller: Caller, wanted: Annotated[NoticeQuery, Query()]
    ) -> Page[NoticeShown]:
        """发送失败（或者待发、已发）的通知，最新的在前 (B13)."""
        rows = await _list(runtime_of(request), caller, wanted)
        return page_of([NoticeShown.of(row) for row in rows], wanted.limit)

    @router.post(
        "/{notice_id}/replay",
        name=f"replay_{noun}",
        summary="重新发送通知",
        response_model=NoticeShown,
        responses=problems_of(
            *(problems.Malformed, problems.Unauthenticated, problems.NotAllowed),
            *(problems.NotFound, problems.StillRunning, problems.KeyReused, NoticeNotDead),
        ),
    )
    async def replay_notice(notice_id: UUID, request: Request, caller: Caller) -> Response:
        """重新发送一条发送失败的通知，地址按此时的通讯录 (B13)."""
        runtime = runtime_of(request)

        async def operation(session: AsyncSession) -> Answer:
            at = await runtime.clock.now(session)
            return Answer(await _replay(session, caller, notice_id, at))

        return await run_act(runtime, request, caller, operation)

    return router


async def _list(runtime: Runtime, caller: Principal, wanted: NoticeQuery) -> list[Row[Any]]:
    async with reading(runtime, caller) as session:
        rows = await session.execute(
            LIST,
            {
                "state": wanted.state,
                "within": prefix(caller.jurisdiction),
                "after": wanted.after_id(),
                "limit": wanted.limit + 1,
            },
        )
    return list(rows)


async def _replay(
    session: AsyncSession, caller: Principal, notice_id: UUID, at: datetime
) -> NoticeShown:
    notice = (await session.execute(LOCK, {"id": notice_id})).one_or_none()
    if notice is None or not covers(caller.jurisdiction, notice.jurisdiction or ""):
        raise NotFound
    if notice.state != NoticeState.DEAD:
        raise NoticeNotDead
    row = await session.execute(REPLAY, {"id": notice_id, "at": at, "by": caller.subject})
    return NoticeShown.of(row.one())
