"""What comes in and goes out of channels over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from services.intake.channels.models import InboundSource
from services.intake.channels.operations import Described
from services.intake.channels.rules import INBOUND, File, Message, Sender, reference_of
from services.intake.schemas import (
    ATTACHMENTS_MAX,
    CONTENT_LENGTH_MAX,
    CallerIn,
    Code,
    PlaceIn,
    Words,
)
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.words import Channel, RequestType, Urgency
from shared.masking import Unmasked
from shared.moments import Moment
from shared.problems import field_error


class SourceIn(Input):
    """一个外部来源：代码、渠道、地区和签名密钥."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "短信网关",
                    "channel": "sms",
                    "jurisdiction": "512000",
                    "secret": "at-least-sixteen-characters",
                }
            ]
        }
    )

    name: Annotated[Words, Field(min_length=1, max_length=100)]
    channel: Annotated[Channel, Field(description="来源的渠道；电话由话务员登记")]
    jurisdiction: Code
    secret: Annotated[
        Words | None,
        Field(
            min_length=16, max_length=200, description="签名密钥，加密保存，不再显示；不填则不变"
        ),
    ] = None
    request_type: Annotated[RequestType | None, Field(description="未注明类型的诉求按此登记")] = (
        None
    )
    is_active: bool = True

    def described(self, code: str) -> Described:
        """The source that is wanted. Raises `Malformed` for a channel that people file."""
        if self.channel not in INBOUND:
            known = "、".join(INBOUND)
            raise field_error("channel", "not_inbound", f"此渠道不由系统推送；可用：{known}")
        return Described(code=code, **dict(self))


class SourceOut(BaseModel):
    """一个外部来源，不含密钥."""

    code: str
    name: str
    channel: Channel
    channel_name: str
    jurisdiction: str
    request_type: RequestType | None
    is_active: bool

    @classmethod
    def of(cls, row: InboundSource) -> Self:
        """A source as everybody may see it."""
        channel = Channel(row.channel)
        return cls(
            code=row.code,
            name=row.name,
            channel=channel,
            channel_name=CHINESE[channel],
            jurisdiction=row.jurisdiction,
            request_type=None if row.request_type is None else RequestType(row.request_type),
            is_active=row.is_active,
        )


class FileIn(Input):
    """随消息来的一个文件."""

    filename: Annotated[Words | None, Field(max_length=200)] = None
    media_type: Annotated[str, Field(max_length=100)] = ""
    content: Annotated[Base64Bytes, Field(description="文件内容，Base64")]


class MessageIn(Input):
    """一条推送来的消息."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ref": "20261001-0001",
                    "text": "建设路路灯不亮。",
                    "sender": {"phone": "13800000000"},
                }
            ]
        }
    )

    ref: Annotated[
        Words | None, Field(min_length=1, max_length=200, description="来源系统自己的编号")
    ] = None
    text: Annotated[Words, Field(max_length=CONTENT_LENGTH_MAX, description="内容")] = ""
    subject: Annotated[Words | None, Field(max_length=200, description="标题")] = None
    sender: Annotated[CallerIn | None, Field(description="发送人")] = None
    sent_at: Annotated[Moment | None, Field(description="发送时间")] = None
    type: Annotated[RequestType | None, Field(description="诉求类型")] = None
    urgency: Annotated[Urgency, Field(description="紧急程度，如应急指挥系统所定")] = Urgency.NORMAL
    about_unit: Annotated[
        Words | None, Field(min_length=1, max_length=64, description="被投诉单位的代码")
    ] = None
    category: Annotated[Words | None, Field(max_length=40, description="类别代码")] = None
    place: PlaceIn | None = None
    attachments: Annotated[list[FileIn], Field(max_length=ATTACHMENTS_MAX)] = Field(
        default_factory=list
    )

    def message(self, channel: Channel, body: bytes) -> Message:
        """The message; without an id of its own, the same body is the same message."""
        sender = self.sender or CallerIn()
        return Message(
            channel=channel,
            channel_ref=self.ref or reference_of(body),
            sender=Sender(sender.name, sender.phone, sender.address, sender.contact),
            text=self.text,
            subject=self.subject,
            sent_at=self.sent_at,
            files=tuple(File(f.filename, f.media_type, f.content) for f in self.attachments),
            request_type=self.type,
            category=self.category,
            urgency=self.urgency,
            about_unit=self.about_unit,
            place=None if self.place is None else self.place.model_dump(exclude_none=True),
        )


class MessageOut(BaseModel):
    """一条消息的处理结果."""

    filed: bool = Field(description="是否登记为工单；自动回复和退信不登记")
    id: UUID | None = None
    number: str | None = None
    query_code: str | None = None
    reason: str | None = None


class PublicTicketIn(Input):
    """群众自助填写的诉求."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jurisdiction": "512000",
                    "content": "建设路路灯不亮，晚上行走不便。",
                    "phone": "13800000000",
                }
            ]
        }
    )

    jurisdiction: Code
    content: Annotated[Words, Field(min_length=1, max_length=CONTENT_LENGTH_MAX)]
    title: Annotated[Words | None, Field(max_length=200)] = None
    type: Annotated[RequestType, Field(description="不选则为求助")] = RequestType.HELP
    channel: Annotated[Channel, Field(description="web、app 或 mini_program")] = Channel.WEB
    category: Annotated[Words | None, Field(max_length=40)] = None
    name: Annotated[Words | None, Field(max_length=100), Unmasked] = None
    phone: Annotated[str, Field(pattern=r"^[0-9+ ()-]{5,30}$", description="联系电话"), Unmasked]
    place: PlaceIn | None = None
    attachments: Annotated[list[UUID], Field(max_length=ATTACHMENTS_MAX)] = Field(
        default_factory=list
    )
