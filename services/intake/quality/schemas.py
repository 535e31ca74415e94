"""What comes in and goes out of quality checks over HTTP."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.intake.quality.models import QualityCheck, QualityForm
from services.intake.quality.rules import CHINESE, CheckState, Line, Reason, Subject
from services.intake.schemas import Code
from shared.answers import BeijingTime, Input
from shared.moments import Moment
from shared.pages import PageQuery

Words = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
FormCode = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,32}$")]


class LineIn(Input):
    """评分表的一项。"""

    code: FormCode = Field(description="代码", examples=["greeting"])
    text: Words = Field(description="内容", examples=["规范用语"])
    full_marks: int = Field(ge=1, le=100, description="满分", examples=[20])

    def line(self) -> Line:
        """The line that the rules know."""
        return Line(self.code, self.text, self.full_marks)


class PutForm(Input):
    """评分表；再次提交即为新版本。"""

    jurisdiction: Code = Field(description="行政区划代码，含下级", examples=["512000"])
    subject: Subject = Field(description="用于来电还是工单", examples=["ticket"])
    lines: Annotated[tuple[LineIn, ...], Field(min_length=1, max_length=50)] = Field(
        description="各项，满分之和为 100"
    )


class FormOut(BaseModel):
    """一份评分表的一个版本。"""

    code: str
    version: int
    jurisdiction: str
    subject: Subject
    lines: list[dict[str, Any]]
    made_by: str
    made_at: BeijingTime

    @classmethod
    def of(cls, row: QualityForm) -> Self:
        """The form as people see it."""
        return cls(
            code=row.code,
            version=row.version,
            jurisdiction=row.jurisdiction,
            subject=Subject(row.subject),
            lines=row.lines,
            made_by=row.made_by,
            made_at=row.made_at,
        )


class Forms(BaseModel):
    """评分表的所有版本。"""

    items: list[FormOut]


class Draw(Input):
    """抽检：一段时间内的来电和工单。"""

    jurisdiction: Code = Field(description="行政区划代码，含下级", examples=["512000"])
    begin: Moment = Field(description="起，含", examples=["2026-11-20T00:00:00+08:00"])
    end: Moment = Field(description="止，不含", examples=["2026-11-21T00:00:00+08:00"])


class Drawn(BaseModel):
    """抽检结果：按原因新抽出多少；重抽同一时段不会重复。"""

    share: float = Field(description="随机抽检比例")
    source: str = Field(description="比例的依据；default 表示默认值")
    random: int
    redone: int
    disputed: int
    abused: int


class ScoreIn(Input):
    """评分。"""

    form: FormCode = Field(description="评分表代码；用其最新版本", examples=["ticket-1"])
    marks: dict[str, int] = Field(description="各项得分", examples=[{"greeting": 18}])


class Objection(Input):
    """申诉。"""

    text: Words = Field(description="理由", examples=["录音中已按规范告知查询码"])


class CheckOut(BaseModel):
    """一次质检。"""

    id: UUID
    jurisdiction: str
    subject: Subject
    subject_name: str
    subject_id: UUID
    agent: str
    reason: Reason
    reason_name: str
    state: CheckState
    state_name: str
    form: str | None
    form_version: int | None
    marks: dict[str, int] | None
    score: int | None = Field(description="初评得分")
    scored_by: str | None
    objection: str | None
    second_marks: dict[str, int] | None
    second_score: int | None = Field(description="复评得分，有则以此为准")
    second_by: str | None

    @classmethod
    def of(cls, row: QualityCheck) -> Self:
        """The check as people see it."""
        names = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        subject, reason, state = Subject(row.subject), Reason(row.reason), CheckState(row.state)
        return cls.model_validate(
            names
            | {"subject_name": CHINESE[subject], "reason_name": CHINESE[reason]}
            | {"state_name": CHINESE[state]}
        )


class CheckQuery(PageQuery):
    """质检列表的条件。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    state: CheckState | None = Field(None, description="状态")
    agent: str | None = Field(None, description="话务员工号", max_length=128)


class GradeQuery(Input):
    """话务员成绩的条件。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    begin: Moment = Field(description="起，含")
    end: Moment = Field(description="止，不含")


class GradeOut(BaseModel):
    """一名话务员在一段时间内的成绩。"""

    agent: str
    checks: int
    average: float
    is_training_due: bool = Field(description="是否列入培训名单")


class Grades(BaseModel):
    """话务员成绩，按工号排列。"""

    training_below: int
    source: str
    items: list[GradeOut]
