"""What comes in and goes out of the exchange over HTTP, besides the messages themselves."""

from datetime import date
from typing import Any, Self
from uuid import UUID

import orjson
from asyncpg import Record
from pydantic import BaseModel, Field

from services.gateway.exchange.reconciling import Result
from shared.answers import BeijingTime, Input
from shared.exchange import PLATFORM_PATTERN, Kind
from shared.moments import END, FIRST

RESULTS = {
    Result.EQUAL: "一致",
    Result.REFILLED: "对方缺少消息，已自动补发",
    Result.DIFFERENT: "有差异，须人工核对",
    Result.FAILED: "对方未能应答，稍后再对",
}


class ReconciliationQuery(Input):
    """对账的范围：一天；加上 kind 按小时列出；再加上 hour 逐条列出。"""

    day: date = Field(
        ge=FIRST.date(),
        lt=END.date(),
        description="UTC 日期",
        examples=["2026-11-02"],
    )
    kind: Kind | None = Field(None, description="消息类别")
    hour: int | None = Field(None, ge=0, le=23, description="UTC 小时，须同时指定 kind")


class PeerStatus(BaseModel):
    """与一个平台交换消息的情况。"""

    peer: str
    name: str
    kind: str
    is_active: bool
    waiting: int = Field(description="待发送的消息数")
    oldest_at: BeijingTime | None = Field(description="最早一条待发送消息进入队列的时间")
    refused_subjects: int = Field(description="对方不予接收、等候人工处理的业务对象数")
    failures: int = Field(description="连续失败次数")
    breaker: str = Field(description="closed 正常；open 已熔断，仅定时试探", examples=["closed"])
    next_at: BeijingTime | None = Field(description="下次尝试不早于此时")
    last_error: str | None
    last_sent_at: BeijingTime | None
    last_received_at: BeijingTime | None
    set_aside: int = Field(description="收到后搁置的消息数")
    deliveries: int = Field(description="收到后尚待本平台办理的消息数")
    reconciled_day: date | None = Field(description="最近一次对账的日期（UTC）")
    reconciled_at: BeijingTime | None
    reconciliation: Result | None
    reconciliation_name: str | None

    @classmethod
    def of(cls, row: Record, *, failures_max: int) -> Self:
        """The status that a row gives."""
        failures = row["failures"] or 0
        result = None if row["result"] is None else Result(row["result"])
        return cls(
            peer=row["code"],
            name=row["name"],
            kind=row["kind"],
            is_active=row["is_active"],
            waiting=row["waiting"],
            oldest_at=row["oldest_at"],
            refused_subjects=row["blocked"],
            failures=failures,
            breaker="open" if failures >= failures_max else "closed",
            next_at=row["next_at"],
            last_error=row["last_error"],
            last_sent_at=row["last_sent_at"],
            last_received_at=row["last_received_at"],
            set_aside=row["aside"],
            deliveries=row["deliveries"],
            reconciled_day=row["day"],
            reconciled_at=row["compared_at"],
            reconciliation=result,
            reconciliation_name=None if result is None else RESULTS[result],
        )


class Status(BaseModel):
    """与各平台交换消息的情况。"""

    items: list[PeerStatus]


class SetAsideMessage(BaseModel):
    """一条搁置的消息；内容不在其中。"""

    id: UUID
    from_platform: str
    message_id: UUID
    subject: str
    sequence: int
    kind: Kind
    type: str
    reason: str
    behind: int = Field(description="在其后等候的消息数")
    sent_at: BeijingTime
    set_aside_at: BeijingTime

    @classmethod
    def of(cls, row: Record) -> Self:
        """The message that a row gives."""
        return cls(
            id=row["id"],
            from_platform=row["from_platform"],
            message_id=row["message_id"],
            subject=row["subject"],
            sequence=row["sequence"],
            kind=Kind(row["kind"]),
            type=orjson.loads(row["payload"])["type"],
            reason=row["reason"],
            behind=row["behind"],
            sent_at=row["time"],
            set_aside_at=row["set_aside_at"],
        )


class Decided(BaseModel):
    """人工处理搁置消息的结果。"""

    id: UUID
    message_id: UUID | None = None
    went_on: int | None = Field(None, description="得以继续的消息数")


class Decide(Input):
    """处理一条搁置的消息。"""


class RefusedSubject(BaseModel):
    """对方不予接收的消息，以及等候的条数。"""

    peer: str
    subject: str
    problem: str
    at: BeijingTime
    message_id: UUID | None
    sequence: int | None
    kind: Kind | None
    waiting: int

    @classmethod
    def of(cls, row: Record) -> Self:
        """The subject that a row gives."""
        return cls(
            peer=row["peer"],
            subject=row["subject"],
            problem=row["problem"],
            at=row["problem_at"],
            message_id=row["id"],
            sequence=row["sequence"],
            kind=None if row["kind"] is None else Kind(row["kind"]),
            waiting=row["waiting"],
        )


class RefusedSubjects(BaseModel):
    """各平台不予接收的消息，最近的在前。"""

    items: list[RefusedSubject]


class Retry(Input):
    """对方改正后，重新发送其不予接收的消息。"""

    peer: str = Field(description="对方平台代码", pattern=PLATFORM_PATTERN, examples=["512000"])
    subject: str = Field(description="业务对象，如工单编号", max_length=100)


class Retried(BaseModel):
    """重新发送的业务对象。"""

    peer: str
    subject: str


class ComparedDay(BaseModel):
    """一次对账的结果。"""

    id: UUID
    peer: str
    day: date
    at: BeijingTime
    result: Result
    result_name: str
    kinds: list[dict[str, Any]] = Field(
        description="各类别的 ours（我方已发）、theirs（对方已收）、missing（已补发）、"
        "surplus（对方多出）、differing（内容不同）"
    )
    problem: str | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """The comparison that a row gives."""
        return cls(
            id=row["id"],
            peer=row["peer"],
            day=row["day"],
            at=row["at"],
            result=Result(row["result"]),
            result_name=RESULTS[Result(row["result"])],
            kinds=orjson.loads(row["kinds"]),
            problem=row["problem"],
        )
