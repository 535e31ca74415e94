"""What ratings take and answer over HTTP."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from services.intake.ratings.rules import BAD, SHOWN_MIN, Tally
from services.intake.schemas import Code, Words
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.kinds import Cause
from shared.events.words import Satisfaction
from shared.problems import field_error

MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


class Levels(Input):
    """五级评价：热线服务、承办单位联系、办理结果，以及是否解决."""

    result: Annotated[Satisfaction, Field(description="办理结果")]
    hotline: Annotated[Satisfaction | None, Field(description="热线服务过程")] = None
    contact: Annotated[Satisfaction | None, Field(description="承办单位联系")] = None
    is_solved: Annotated[bool, Field(description="诉求是否解决")]
    comment: Annotated[Words | None, Field(max_length=2_000, description="诉求人的话")] = None


class RateIn(Levels):
    """好差评；不满意的写明原因，存疑的写明疑点 (ZY 14.2)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"result": "satisfied", "is_solved": True},
                {"result": "dissatisfied", "is_solved": False, "cause": "unsolved"},
                {"result": "satisfied", "is_solved": True, "doubt": "诉求人称未有人联系"},
            ]
        }
    )

    conforms: Annotated[bool, Field(description="经审核，答复符合法律、法规和政策")] = False
    cause: Annotated[
        Cause | None, Field(description="不满意的原因：前四项重新办理，后三项可以甄别")
    ] = None
    doubt: Annotated[
        Words | None,
        Field(min_length=1, max_length=2_000, description="疑点：过程存疑、结果不实、要素不齐"),
    ] = None

    def require_fit(self) -> None:
        """Raise `Malformed` where the parts do not fit each other."""
        if self.cause is not None and self.result not in BAD:
            raise field_error("cause", "conflict", "只有不满意的评价，才填写原因")
        if self.doubt is not None and self.conforms:
            raise field_error("doubt", "conflict", "存疑的不能同时认定为符合规定")


class RatingsQuery(Input):
    """公开评价统计的查询条件."""

    jurisdiction: Annotated[Code, Field(description="行政区划代码，含下级")]
    unit: Annotated[Words | None, Field(max_length=64, description="承办单位代码")] = None
    month: Annotated[
        Words | None, Field(description="月份，如 2026-09；不填为本月", examples=["2026-09"])
    ] = None

    def first_day(self) -> date | None:
        """The month by its first day, none where none is named. Raises `Malformed`."""
        if self.month is None:
            return None
        if not MONTH.fullmatch(self.month):
            raise field_error("month", "bad_month", "应为年-月，例如 2026-09")
        return date.fromisoformat(f"{self.month}-01")


class LevelCount(BaseModel):
    """一级评价的件数."""

    level: Satisfaction
    level_name: str
    count: int


class UnitFigures(BaseModel):
    """一个单位一个月的评价；件数过少的不分列."""

    unit: str | None = Field(description="承办单位代码；为空的是全部单位合计")
    unit_name: str | None
    is_hidden: bool = Field(description=f"不足 {SHOWN_MIN} 件，或者可由合计推出，不分列")
    levels: list[LevelCount] | None = Field(description="计入满意率的评价，按五级")
    lapsed: int | None = Field(description="期满未评价，按政策包视为的满意程度")
    screened: int | None = Field(description="经甄别属客观原因，不计入满意率")
    apart: int | None = Field(description="行政调解、执法办案类，单列，不计入满意率")

    @classmethod
    def of(cls, tally: Tally, *, name: str | None, is_hidden: bool) -> Self:
        """A unit's tally as everybody may see it."""
        unit = tally.unit or None
        if is_hidden:
            return cls(
                unit=unit,
                unit_name=name,
                is_hidden=True,
                levels=None,
                lapsed=None,
                screened=None,
                apart=None,
            )
        levels = [
            LevelCount(level=level, level_name=CHINESE[level], count=tally.levels[level])
            for level in Satisfaction
        ]
        return cls(
            unit=unit,
            unit_name=name,
            is_hidden=False,
            levels=levels,
            lapsed=tally.lapsed,
            screened=tally.screened,
            apart=tally.apart,
        )


class PublicRatings(BaseModel):
    """一地一个月的好差评."""

    jurisdiction: str
    month: str
    whole: UnitFigures
    units: list[UnitFigures]
