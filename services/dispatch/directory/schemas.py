"""What the directory takes and answers over HTTP."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.dispatch.directory import rules
from services.dispatch.models import DutyRule as DutyRuleRow
from services.dispatch.schemas import Code, Jurisdiction
from shared.answers import Input
from shared.events.words import DutyHours, RequestType
from shared.exchange import PLATFORM_PATTERN
from shared.pages import PageQuery

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Category = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[\w.-]+$")]


class PutUnit(Input):
    """承办单位的内容。"""

    name: Name = Field(description="名称", examples=["资阳市水务局"])
    jurisdiction: Jurisdiction = Field(description="行政区划代码", examples=["512000"])
    superior: Code | None = Field(None, description="上级单位代码")
    is_active: bool = Field(True, description="是否启用；停用后不再派单")
    duty_hours: DutyHours = Field(
        DutyHours.WORKING,
        description="值守时间：工作时间或全天候；非工作时间的紧急工单派给全天候单位",
    )
    has_system: bool = Field(
        False, description="是否用自有系统对接；是则另写入它自己的消息主题 unit.单位代码"
    )
    platform: Annotated[str, StringConstraints(pattern=PLATFORM_PATTERN)] | None = Field(
        None, description="代表的其他平台的代码；派给它的工单即转往该平台", examples=["510000"]
    )


class Unit(BaseModel):
    """一个承办单位。"""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    jurisdiction: str
    superior: str | None
    is_active: bool
    duty_hours: DutyHours
    has_system: bool
    platform: str | None
    sequence: int


class PutDutyRule(Input):
    """派单规则的内容；不填类别或类型，即不论。"""

    jurisdiction: Jurisdiction = Field(description="行政区划代码", examples=["512000"])
    category: Category | None = Field(None, description="类别代码，含下级类别")
    request_type: RequestType | None = Field(None, description="诉求类型")
    unit: Code = Field(description="承办单位代码", examples=["512000-water"])
    priority: int = Field(100, ge=0, le=10_000, description="同等具体时，数小者优先")


class DutyRule(BaseModel):
    """一条派单规则。"""

    model_config = ConfigDict(from_attributes=True)

    id: str
    jurisdiction: str
    category: str | None
    request_type: RequestType | None
    unit: str
    priority: int

    @classmethod
    def of(cls, row: DutyRuleRow | rules.Duty) -> Self:
        """The rule as people see it."""
        return cls.model_validate(row)


class DirectoryQuery(PageQuery):
    """目录的查询条件。"""

    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
