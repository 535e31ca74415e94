"""What comes in and goes out over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from services.intake.operations import Acted
from shared import seen
from shared.answers import BeijingTime, Input, RunningDeadline
from shared.events.chinese import CHINESE
from shared.events.kinds import EmergencyLine, HandOver
from shared.events.words import (
    Channel,
    RequestType,
    Secrecy,
    Service,
    State,
    Urgency,
)
from shared.exchange import PLATFORM_PATTERN
from shared.idempotency import Answer
from shared.jurisdictions import CODE_PATTERN
from shared.masking import Unmasked
from shared.moments import Moment
from shared.problems import field_error

# PostgreSQL stores no NUL.
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
CONTENT_LENGTH_MAX = 20_000
SEALED_LENGTH_MAX = 8_000
ATTACHMENTS_MAX = 20
Code = Annotated[str, Field(pattern=CODE_PATTERN)]


class CallerIn(Input):
    """诉求人. Stays in intake, encrypted; what is masked is not taken."""

    name: Annotated[Words | None, Field(max_length=100, description="姓名"), Unmasked] = None
    phone: Annotated[Words | None, Field(max_length=40, description="电话"), Unmasked] = None
    address: Annotated[Words | None, Field(max_length=300, description="地址"), Unmasked] = None
    contact: Annotated[
        Words | None,
        Field(max_length=200, description="其他联系方式，如电子邮箱、微信号"),
        Unmasked,
    ] = None


class PlaceIn(Input):
    """事发地点."""

    address: Annotated[Words | None, Field(max_length=300)] = None
    division: Code | None = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None


class VerifyIn(Input):
    """先请一个单位核实是否属于受理范围 (ZY 9)."""

    unit: Annotated[Words, Field(min_length=1, max_length=40, description="核实单位的代码")]
    question: Annotated[Words, Field(min_length=1, max_length=2_000, description="请核实什么")]


class HistoryIn(Input):
    """一件已经办结的历史工单."""

    closed_at: Annotated[Moment, Field(description="办结时间，不得晚于现在")]
    result: Annotated[Words | None, Field(max_length=20_000, description="办理结果")] = None
    unit_name: Annotated[Words | None, Field(max_length=200, description="承办单位名称")] = None


class HandedOverIn(Input):
    """属于 110、119、120、122 的紧急事项，已转至该专线 (ZY 34)."""

    line: Annotated[EmergencyLine, Field(description="转至的专线")]
    way: Annotated[HandOver, Field(description="一键呼转、三方通话或工单转派")]
    note: Annotated[Words | None, Field(max_length=2_000, description="交接情况")] = None
    unit: Annotated[
        Words | None,
        Field(max_length=40, description="工单转派的，代表该专线平台的单位代码；由其系统接收"),
    ] = None


class OriginIn(Input):
    """转来的平台，以及该平台的工单；诉求人由该平台回访."""

    platform: Annotated[Words, Field(pattern=PLATFORM_PATTERN, description="平台代码")]
    ticket_id: Annotated[UUID, Field(description="该平台的工单标识")]
    number: Annotated[Words, Field(min_length=1, max_length=100, description="该平台的工单编号")]


class SealedCaller(Input):
    """诉求人，由来源平台为本平台加密."""

    key_id: Annotated[UUID, Field(description="本平台交换密钥的编号")]
    sealed: Annotated[Base64Bytes, Field(max_length=SEALED_LENGTH_MAX, description="密文，Base64")]
    purpose: Annotated[Words, Field(min_length=2, max_length=200, description="用途")]


FILING_EXAMPLE: dict[str, Any] = {
    "jurisdiction": "512000",
    "type": "help",
    "title": "小区停水",
    "content": "幸福小区从昨晚起停水，至今没有恢复，请尽快处理。",
    "channel": "phone",
    "category": "01",
    "caller": {"name": "张某", "phone": "13800000000"},
    "place": {"address": "幸福小区", "division": "512002"},
}


class FileTicket(Input):
    """A request as filed."""

    model_config = ConfigDict(json_schema_extra={"examples": [FILING_EXAMPLE]})

    jurisdiction: Annotated[Code, Field(description="行政区划代码（GB/T 2260）")]
    type: Annotated[RequestType, Field(description="诉求类型")]
    title: Annotated[Words | None, Field(max_length=200, description="没有则取内容的开头")] = None
    content: Annotated[
        Words | None,
        Field(max_length=CONTENT_LENGTH_MAX, description="诉求内容；来信、传真和留言可只有附件"),
    ] = None
    channel: Annotated[Channel, Field(description="来源渠道")]
    channel_ref: Annotated[Words | None, Field(min_length=1, max_length=200)] = None
    external_id: Annotated[Words | None, Field(min_length=1, max_length=200)] = None
    category: Annotated[Words | None, Field(max_length=40, description="类别代码")] = None
    category_name: Annotated[
        Words | None,
        Field(max_length=100, description="转来的工单：该代码在来源平台的名称，不同则类别留空"),
    ] = None
    urgency: Annotated[Urgency, Field(description="紧急程度")] = Urgency.NORMAL
    is_enforcement: Annotated[bool, Field(description="是否涉及行政执法案件")] = False
    caller: CallerIn | None = None
    place: PlaceIn | None = None
    filed_at: Annotated[Moment | None, Field(description="来源系统的提交时间")] = None
    refusal: Annotated[Words | None, Field(description="不予受理的情形代码")] = None
    answered_by: Annotated[UUID | None, Field(description="当即答复所依据的知识")] = None
    is_solved: bool = True
    verify: Annotated[VerifyIn | None, Field(description="受理前先请单位核实")] = None
    history: Annotated[HistoryIn | None, Field(description="已办结的历史工单，不计时限")] = None
    about_unit: Annotated[
        Words | None, Field(min_length=1, max_length=64, description="被投诉单位的代码")
    ] = None
    is_mediation: Annotated[bool, Field(description="是否属于行政调解")] = False
    repeats: Annotated[UUID | None, Field(description="同一诉求人此前反映同一事项的工单")] = None
    override: Annotated[
        Words | None,
        Field(min_length=1, max_length=2_000, description="终结件再次派单的特殊情况 (ZY 15)"),
    ] = None
    attachments: Annotated[
        list[UUID],
        Field(max_length=ATTACHMENTS_MAX, description="附件的编号，须是登记人上传的"),
    ] = Field(default_factory=list)
    handed_over: Annotated[HandedOverIn | None, Field(description="已转紧急专线")] = None
    origin: Annotated[OriginIn | None, Field(description="由其他平台转来；仅限该平台填写")] = None
    sealed_caller: Annotated[
        SealedCaller | None, Field(description="转来的诉求人，已为本平台加密；仅限来源平台填写")
    ] = None
    secrecy: Annotated[Secrecy, Field(description="知悉范围")] = Secrecy.NORMAL


class Refusal(BaseModel):
    """Why a request is not accepted, and where to turn."""

    ground: str
    explanation: str
    channel: str
    source: str
    competent: str | None = Field(default=None, description="引导诉求人前往的有管辖权的部门")


class TerminatedAnswer(BaseModel):
    """终结件的答复口径 (ZY 15)."""

    ticket_id: UUID = Field(description="被认定为终结件的工单")
    number: str
    script: str = Field(description="向诉求人答复解释的内容")


class FiledTicket(BaseModel):
    """The ticket that came of a request."""

    id: UUID
    number: str
    query_code: str
    state: State
    state_name: str
    sequence: int
    accepted_at: BeijingTime | None = Field(description="核实中的和历史工单没有受理时间")
    deadlines: list[RunningDeadline]
    refusal: Refusal | None = None
    answer: TerminatedAnswer | None = Field(None, description="诉求人再次反映终结件时的答复")


BULK_ANSWERS: list[dict[str, Any]] = [
    {"line": 1, "status": 201, "id": "019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01"},
    {"line": 2, "status": 422, "problem": field_error("content", "missing", "缺少此项").body()},
]


class BulkLine(BaseModel):
    """The answer to one line of a bulk file."""

    line: int
    status: int
    id: UUID | None = None
    problem: dict[str, Any] | None = None


class CallerActed(BaseModel):
    """A ticket after an act of the caller's side."""

    id: UUID
    number: str
    state: State
    state_name: str
    sequence: int
    deadlines: list[RunningDeadline] = Field(default_factory=list)


def answer_of(acted: Acted) -> Answer:
    """The answer to an act of the caller's side, with what its caller has seen now."""
    ticket = acted.ticket
    state = State(ticket.state)
    body = CallerActed(
        id=ticket.id,
        number=ticket.number,
        state=state,
        state_name=CHINESE[state],
        sequence=acted.sequence,
    )
    header = seen.write_seen(str(ticket.id), {Service.INTAKE: acted.sequence})
    return Answer(body, headers={seen.HEADER: header})


class Purpose(Input):
    """Why somebody must see who called."""

    purpose: Annotated[Words, Field(min_length=2, max_length=200)]


class CallerOut(BaseModel):
    """Who called: masked, but for a look that is written down."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None
    contact: str | None = None


class JurisdictionIn(Input):
    """A place."""

    name: Annotated[Words, Field(min_length=1, max_length=100)]


class JurisdictionOut(BaseModel):
    """A place whose requests are taken."""

    code: str
    name: str
