"""The audit over HTTP: for the audit administrator alone, and to read it is audited as well."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from shared import problems
from shared.answers import BeijingTime, Input, problems_of
from shared.audit import Entry, note
from shared.events.words import Service
from shared.pages import Page, read_cursor, write_cursor
from shared.problems import field_error
from shared.security import Caller
from shared.service import runtime_of

ENTRIES = text("""SELECT id, number, at, action, subject, by, purpose, detail, algorithm,
    encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash
FROM audit WHERE (CAST(:subject AS text) IS NULL OR subject = :subject)
AND (CAST(:by AS text) IS NULL OR by = :by)
AND (CAST(:action AS text) IS NULL OR action = :action)
AND (CAST(:after AS bigint) IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit""")


class AuditQuery(Input):
    """审计记录的查询条件。"""

    subject: str | None = Field(None, max_length=200, description="对象编号，如工单内部编号")
    by: str | None = Field(None, max_length=200, description="何人（工号或系统）所为")
    action: str | None = Field(None, max_length=200, description="何种操作，如 caller.revealed")
    after: str | None = Field(None, description="上一页的 next")
    limit: int = Field(50, ge=1, le=200, description="每页条数")

    def after_id(self) -> int | None:
        """The id in the cursor. Raises `Malformed`."""
        key = read_cursor(self.after, parts=1)
        if key is not None and not (isinstance(key[0], int) and 0 < key[0] < 2**63):
            raise field_error("after", "bad_cursor", "游标无效，请从第一页重新读取")
        return None if key is None else int(key[0])


class AuditEntry(BaseModel):
    """一条审计记录；不含姓名、电话和地址。"""

    number: int | None = Field(description="在本服务审计链中的序号；尚未入链的为空")
    at: BeijingTime
    action: str = Field(description="操作", examples=["caller.revealed"])
    subject: str = Field(description="对象编号")
    by: str = Field(description="何人（工号或系统）所为", examples=["HW0107"])
    purpose: str | None = Field(description="用途；其中的个人信息已隐去")
    detail: dict[str, Any] = Field(description="代码、编号和数量")
    algorithm: str | None = Field(description="散列算法", examples=["sha256"])
    previous: str | None = Field(description="上一条的散列值")
    hash: str | None = Field(description="本条的散列值")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The entry of a row."""
        return cls.model_validate(row._asdict())


def make_router(service: Service) -> APIRouter:
    """The page of one service's audit."""
    router = APIRouter(prefix=f"/v1/audit/{service}", tags=["audit"])

    @router.get(
        "",
        name=f"find_{service}",
        summary="审计记录",
        response_model=Page[AuditEntry],
        responses=problems_of(problems.Malformed, problems.Unauthenticated, problems.NotAllowed),
    )
    async def find_audit_entries(
        request: Request, caller: Caller, wanted: Annotated[AuditQuery, Query()]
    ) -> Page[AuditEntry]:
        """一个服务的审计记录，最新的在前；仅限审计管理员，查阅本身也留痕 (JL 五(六), ZY 10)."""
        runtime = runtime_of(request)
        given = {"subject": wanted.subject, "by": wanted.by, "action": wanted.action}
        values = given | {"after": wanted.after_id(), "limit": wanted.limit + 1}
        async with runtime.database.sessions() as session, session.begin():
            rows = list(await session.execute(ENTRIES, values))
            shown = rows[: wanted.limit]
            by = caller.subject
            detail = {"rows": len(shown)} | {name: one is not None for name, one in given.items()}
            entry = Entry("audit.read", str(service), by, detail=detail)
            await note(session, entry, at=datetime.now(UTC))
        after = write_cursor(shown[-1].id) if len(rows) > len(shown) else None
        return Page(items=[AuditEntry.of(row) for row in shown], next=after)

    return router
