"""What comes in and goes out of abuse over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.intake.abuses.models import AbuseNotice, AbuseRecord
from services.intake.abuses.rules import TITLES, AbuseNoticeKind, number_of
from services.intake.schemas import Code
from shared.answers import BeijingTime, Input
from shared.documents import Format
from shared.events.chinese import CHINESE
from shared.events.kinds import Abuse
from shared.pages import PageQuery

Words = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]


class FlagAbuse(Input):
    """标记滥用热线的行为；工单照常办理。"""

    category: Abuse = Field(description="情形 (ZY 29)", examples=["harassment"])
    text: Words = Field(description="经过", examples=["一日内来电四十次，辱骂话务员"])
    evidence: tuple[UUID, ...] = Field((), description="作为证据的附件，须已上传到本工单")


class AbuseOut(BaseModel):
    """一条滥用记录。"""

    id: UUID
    ticket_id: UUID
    category: Abuse
    category_name: str
    text: str
    evidence: list[UUID]
    flagged_by: str
    flagged_at: BeijingTime

    @classmethod
    def of(cls, row: AbuseRecord) -> Self:
        """The record as the hotline office sees it."""
        category = Abuse(row.category)
        return cls(
            id=row.id,
            ticket_id=row.ticket_id,
            category=category,
            category_name=CHINESE[category],
            text=row.text,
            evidence=row.evidence,
            flagged_by=row.flagged_by,
            flagged_at=row.flagged_at,
        )


class AbuseQuery(PageQuery):
    """滥用记录列表的条件。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    category: Abuse | None = Field(None, description="情形")


class NoticeQuery(PageQuery):
    """文书列表的条件。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    is_signed: bool | None = Field(None, description="是否已签发；待签发的为 false")


class DraftNotice(Input):
    """拟稿：移交司法机关，或告知信用管理。"""

    kind: AbuseNoticeKind = Field(description="文书种类", examples=["judicial"])
    abuses: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)] = Field(
        description="同一诉求人的滥用记录，每条都有证据"
    )
    addressee: Words = Field(description="主送机关", examples=["资阳市公安局"])
    grounds: Words = Field(description="理由", examples=["多次威胁工作人员，涉嫌违反治安管理"])


class SignNotice(Input):
    """签发。"""


class NoticeOut(BaseModel):
    """一份文书。"""

    id: UUID
    kind: AbuseNoticeKind
    title: str
    number: str | None = Field(description="文号；签发后才有")
    addressee: str
    grounds: str
    abuses: list[UUID]
    drafted_by: str
    drafted_at: BeijingTime
    signed_by: str | None
    signed_at: BeijingTime | None

    @classmethod
    def of(cls, row: AbuseNotice) -> Self:
        """The document without the caller's identity."""
        kind = AbuseNoticeKind(row.kind)
        return cls(
            id=row.id,
            kind=kind,
            title=TITLES[kind],
            number=number_in(row),
            addressee=row.addressee,
            grounds=row.grounds,
            abuses=row.abuses,
            drafted_by=row.drafted_by,
            drafted_at=row.drafted_at,
            signed_by=row.signed_by,
            signed_at=row.signed_at,
        )


class DocumentQuery(Input):
    """文书的格式。"""

    format: Format = Field(Format.PDF, description="docx 或 pdf")


def number_in(row: AbuseNotice) -> str | None:
    """The number of a signed document, none of a draft."""
    if row.office is None or row.year is None or row.serial is None:
        return None
    return number_of(AbuseNoticeKind(row.kind), row.office, row.year, row.serial)
