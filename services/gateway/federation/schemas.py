"""What people hand in and see of federation."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.federation.models import FileIn, ForwardedIn, ForwardedOut, OrderIn
from services.gateway.federation.models import Route as RouteRow
from services.gateway.federation.queries import Found
from services.gateway.federation.rules import Target
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.kinds import AttachmentKind
from shared.exchange import PLATFORM_PATTERN
from shared.pages import PageQuery, bad_cursor, read_cursor, write_cursor

PlaceCode = Annotated[str, StringConstraints(pattern=PLATFORM_PATTERN)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
TARGETS = {
    Target.HERE: "本平台办理",
    Target.HOSTED: "由本平台代建的地区，在本平台办理",
    Target.PARENT: "转上级平台",
    Target.PEER: "转其他平台",
}


class PutRoute(Input):
    """一地诉求的去向。"""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="地区名称", examples=["资阳高新区"]
    )
    target: Target = Field(description="here 本平台、hosted 代建、parent 上级、peer 其他平台")
    peer: PlaceCode | None = Field(None, description="其他平台的代码；仅 target 为 peer 时填写")


class Route(BaseModel):
    """登记的一条去向。"""

    code: str
    name: str
    target: Target
    target_name: str
    peer: str | None

    @classmethod
    def of(cls, row: RouteRow) -> Self:
        """The way as people see it."""
        target = Target(row.target)
        return cls(
            code=row.code,
            name=row.name,
            target=target,
            target_name=TARGETS[target],
            peer=row.peer,
        )


class WayOut(BaseModel):
    """一地诉求去向何处。"""

    code: str
    target: Target
    target_name: str
    peer: str | None = Field(description="转往的平台")
    unit: str | None = Field(description="派单时选择的承办单位（代表该平台）")
    by: str = Field(description="依据的代码：最接近的一条去向、平台代码")

    @classmethod
    def of(cls, code: str, found: Found) -> Self:
        """The way as people see it."""
        way = found.way
        return cls(
            code=code,
            target=way.target,
            target_name=TARGETS[way.target],
            peer=way.peer,
            unit=found.unit,
            by=way.by,
        )


class HomeOut(BaseModel):
    """工单在来源平台的情况。"""

    platform: str
    ticket_id: UUID
    told: dict[str, Any] = Field(description="来源平台告知：编号、受理和提交时间、转办理由、附件等")
    received_at: BeijingTime

    @classmethod
    def of(cls, row: ForwardedIn) -> Self:
        """Where a ticket is at home."""
        return cls(
            platform=row.peer,
            ticket_id=row.origin_ticket,
            told=row.told,
            received_at=row.received_at,
        )


class AwayOut(BaseModel):
    """一次转往其他平台。"""

    ticket_id: UUID
    round: int
    platform: str
    unit: str
    reason: str | None
    forwarded_at: BeijingTime
    state: str = Field(description="waiting 待发出，queued 已发出，ended 已不由该平台办理")
    attempts: int
    problem: str | None = Field(description="尚未发出的原因")

    @classmethod
    def of(cls, row: ForwardedOut) -> Self:
        """One forward as people see it."""
        names = ("ticket_id", "round", "unit", "reason", "forwarded_at", "state", "attempts")
        shown = {name: getattr(row, name) for name in (*names, "problem")}
        return cls(platform=row.peer, **shown)


class FileOut(BaseModel):
    """对方平台告知的一个附件。"""

    kind: str
    media_type: str
    bytes: int
    sha256: str
    state: str = Field(description="waiting 待取，kept 已附到工单，left_out 未能接收")
    attachment: UUID | None = Field(description="在本平台的附件编号")
    problem: str | None = Field(description="尚未取到或未能接收的原因")

    @classmethod
    def of(cls, row: FileIn) -> Self:
        """One file as people see it."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class LeftOutQuery(PageQuery):
    """未能接收的附件的分页。"""

    def after_file(self) -> tuple[UUID, UUID] | None:
        """The file in the cursor: its ticket and itself. Raises `Malformed`."""
        key = read_cursor(self.after, parts=2)
        try:
            return None if key is None else (UUID(str(key[0])), UUID(str(key[1])))
        except ValueError as error:
            raise bad_cursor() from error


class LeftOutFile(BaseModel):
    """对方平台的一个附件，未能接收；对方不告知文件名。"""

    platform: str = Field(description="来源平台")
    ticket_id: UUID
    number: str | None = Field(description="本平台的工单号")
    file: UUID = Field(description="在来源平台的附件编号")
    kind: str
    kind_name: str
    media_type: str
    bytes: int
    problem: str = Field(description="未能接收的原因", examples=["来源平台没有给出该附件的内容"])
    left_out_at: BeijingTime

    @classmethod
    def of(cls, row: FileIn, number: str | None) -> Self:
        """The file as people see it."""
        is_known = row.kind in set(AttachmentKind)
        return cls(
            platform=row.peer,
            ticket_id=row.ticket_id,
            number=number,
            file=row.origin_attachment,
            kind=row.kind,
            kind_name=CHINESE[AttachmentKind(row.kind)] if is_known else row.kind,
            media_type=row.media_type,
            bytes=row.bytes,
            problem=row.problem or "",
            # Of what an earlier version left out, its last try is the nearest that is known.
            left_out_at=row.left_out_at or row.next_at,
        )

    @property
    def cursor(self) -> str:
        """The cursor that goes on after it."""
        return write_cursor(str(self.ticket_id), str(self.file))


class FetchAgain(Input):
    """再次接收一件工单未能接收的附件。"""


class FilesOfTicket(BaseModel):
    """对方告知的一件工单的附件。"""

    items: list[FileOut]


class Crossed(BaseModel):
    """一件工单与其他平台的往来。"""

    home: HomeOut | None = Field(description="由哪个平台转来；本平台自己的为空")
    away: list[AwayOut] = Field(description="转往其他平台的各次")
    files: list[FileOut] = Field(description="对方告知的附件，及其内容是否已取到")


class Waiting(BaseModel):
    """尚未发出的转办。"""

    items: list[AwayOut]


class OrderOut(BaseModel):
    """上级平台发给本平台的一份督办文书。"""

    id: UUID
    platform: str
    order: dict[str, Any] = Field(description="文书：编号、级别、事由、反馈期限等")
    issued_at: BeijingTime
    received_at: BeijingTime
    answer: str | None
    answered_by: str | None
    answered_at: BeijingTime | None

    @classmethod
    def of(cls, row: OrderIn) -> Self:
        """The order as people see it."""
        names = ("id", "issued_at", "received_at", "answer", "answered_by", "answered_at")
        shown = {name: getattr(row, name) for name in names}
        return cls(platform=row.peer, order=row.told, **shown)


class AnswerParentOrder(Input):
    """对上级督办文书的反馈。"""

    text: Text = Field(description="办理、整改情况", examples=["已责成市水务局整改，三日内完成"])
