"""What comes in and goes out of attachments over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.attachments.models import Attachment, TicketAttachment
from services.intake.schemas import ATTACHMENTS_MAX
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.kinds import AttachmentKind


class AttachmentOut(BaseModel):
    """一个已经上传的文件."""

    id: UUID
    media_type: str = Field(description="按内容认定的类型")
    bytes: int
    sha256: str
    filename: str | None

    @classmethod
    def of(cls, file: Attachment) -> Self:
        """A file as its uploader sees it."""
        return cls(
            id=file.id,
            media_type=file.media_type,
            bytes=file.bytes,
            sha256=file.sha256,
            filename=file.filename,
        )


class TicketAttachmentOut(AttachmentOut):
    """工单上的一个附件."""

    kind: AttachmentKind
    kind_name: str
    unit: str | None = Field(description="添加附件的单位；诉求人一方的没有")
    attached_by: str
    attached_at: BeijingTime

    @classmethod
    def on(cls, file: Attachment, on_ticket: TicketAttachment) -> Self:
        """A file as it stands on a ticket."""
        kind = AttachmentKind(on_ticket.kind)
        return cls(
            **AttachmentOut.of(file).model_dump(),
            kind=kind,
            kind_name=CHINESE[kind],
            unit=on_ticket.unit,
            attached_by=on_ticket.attached_by,
            attached_at=on_ticket.attached_at,
        )


class AttachIn(Input):
    """把已经上传的文件附到工单上."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"attachments": ["0198a1b2-0000-7000-8000-000000000001"], "kind": "evidence"}
            ]
        }
    )

    attachments: Annotated[
        list[UUID], Field(min_length=1, max_length=ATTACHMENTS_MAX, description="附件的编号")
    ]
    kind: Annotated[AttachmentKind, Field(description="附件的用途")] = AttachmentKind.EVIDENCE


class TicketAttachments(BaseModel):
    """一件工单的附件."""

    items: list[TicketAttachmentOut]
