"""A ticket that crosses platforms: what goes along, and how who acts for a platform is named."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.intake import Place
from shared.events.words import RequestType, ReturnGround, Secrecy, Urgency
from shared.jurisdictions import CODE_PATTERN
from shared.moments import Moment

PLATFORM_SUBJECT = "platform:"
"""How who acts for another platform is named: this, and its code."""
GATEWAY = "platform"
"""How the gateway names itself where it asks for this platform and for nobody else."""
FORWARD = "ticket.forward"
"""The type of the payload that carries a `Forward`."""
ROUNDS_MAX = 100
FILES_MAX = 200
CONTENT_MAX = 20_000


class File(BaseModel):
    """附件的说明；内容由收到说明的平台按摘要另取."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    kind: Annotated[str, Field(max_length=40)]
    media_type: Annotated[str, Field(max_length=200)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(max_length=64)]


class Round(BaseModel):
    """此前一次派单被退回：哪个单位，为何."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: Annotated[str, Field(max_length=64)]
    ground: ReturnGround | None = None
    reason: Annotated[str, Field(max_length=10_000)] = ""


class Forward(BaseModel):
    """转办的工单：诉求原文、来源平台的编号与时间；诉求人信息只在 sealed_caller 中，已对收方加密."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: Annotated[str, Field(min_length=1, max_length=100)]
    jurisdiction: Annotated[str, Field(pattern=CODE_PATTERN)]
    request_type: RequestType
    urgency: Urgency = Urgency.NORMAL
    is_enforcement: bool = False
    is_mediation: bool = False
    secrecy: Secrecy = Secrecy.NORMAL
    title: Annotated[str, Field(max_length=200)]
    content: Annotated[str, Field(min_length=1, max_length=CONTENT_MAX)]
    category: Annotated[str | None, Field(max_length=40)] = None
    category_name: Annotated[str | None, Field(max_length=100)] = None
    """What the code means at home: another platform's may mean another thing."""
    place: Place | None = None
    filed_at: Moment | None = None
    accepted_at: Moment
    forwarded_at: Moment
    round: Annotated[int, Field(ge=1)] = 1
    """How many times it has come to this receiver; each time another ticket comes of it."""
    reason: Annotated[str | None, Field(max_length=10_000)] = None
    rounds: Annotated[tuple[Round, ...], Field(max_length=ROUNDS_MAX)] = ()
    attachments: Annotated[tuple[File, ...], Field(max_length=FILES_MAX)] = ()
    sealed_caller: dict[str, Any] | None = None


def file_of(told: Mapping[str, Any]) -> File:
    """A file as the data of `ticket.attached` describes it. Raises `ValidationError`."""
    described = {name: told[name] for name in File.model_fields if name != "id"}
    return File.model_validate({"id": told["attachment"]} | described)


def subject_of(platform: str) -> str:
    """How who acts for a platform is named."""
    return f"{PLATFORM_SUBJECT}{platform}"


def platform_of(subject: str) -> str | None:
    """The platform for which somebody acts; none for people and for what the platform does."""
    return subject.removeprefix(PLATFORM_SUBJECT) if subject.startswith(PLATFORM_SUBJECT) else None
