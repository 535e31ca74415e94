"""What people see of suggestions."""

from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.dispatch.schemas import Jurisdiction, Words
from services.dispatch.suggestions.learned import Suggested, as_data
from services.dispatch.suggestions.models import Model, Suggestion, SuggestionOutcome
from services.dispatch.suggestions.queries import Tally
from shared.answers import BeijingTime, Input
from shared.moments import Moment


class SuggestionGround(BaseModel):
    """一条依据：诉求中的字词，及其在既往工单中的分布。"""

    word: str = Field(description="诉求中的字词")
    tickets: int = Field(description="含此字词、且结果与本建议相同的既往工单数")
    of_all: int = Field(description="含此字词的既往工单数")


class Guess(BaseModel):
    """一项建议：取值、置信度和依据。"""

    value: str = Field(description="诉求类型、类别代码或承办单位代码")
    name: str | None = Field(None, description="承办单位名称")
    confidence: float = Field(ge=0, le=1, description="置信度，0 至 1")
    examples: int = Field(description="学习过的、结果相同的既往工单数")
    is_claimed: bool = Field(description="模型是否认定属于此项；未认定的从不自动派单")
    grounds: list[SuggestionGround] = Field(description="依据，最重要的在前")


class PutQuestion(Input):
    """问：这样的诉求是什么类型、类别，派给谁。"""

    jurisdiction: Jurisdiction = Field(description="行政区划代码", examples=["512021"])
    title: str = Field("", max_length=200, description="标题", examples=["停水三天"])
    content: Words = Field(description="诉求内容", examples=["小区停水三天，无人处理。"])


class Preview(BaseModel):
    """答：诉求类型、类别、承办单位各最多三项，可能性大的在前。"""

    model_id: UUID
    threshold: float | None = Field(
        description="承办单位的置信度达到此值时可自动派单；为空则从不自动派单"
    )
    request_types: list[Guess]
    categories: list[Guess]
    units: list[Guess]

    @classmethod
    def of(
        cls,
        suggested: Suggested,
        names: dict[str, str],
        *,
        model_id: UUID,
        threshold: float | None,
    ) -> Self:
        """What a model says of a text."""
        return cls(
            model_id=model_id,
            threshold=threshold,
            request_types=_guesses(as_data(suggested.request_types), {}),
            categories=_guesses(as_data(suggested.categories), {}),
            units=_guesses(as_data(suggested.units), names),
        )


class TicketSuggestion(BaseModel):
    """工单的派单建议，及其结果。"""

    ticket_id: UUID
    model_id: UUID
    made_at: BeijingTime
    request_types: list[Guess]
    categories: list[Guess]
    units: list[Guess]
    outcome: SuggestionOutcome | None = Field(
        description="采纳 taken、改派他处 overridden、自动派单 automatic、"
        "自动派单后同意退单 undone；为空则尚未决定，或由规则派单"
    )
    decided_at: BeijingTime | None

    @classmethod
    def of(cls, row: Suggestion, names: dict[str, str]) -> Self:
        """The suggestion as people see it."""
        return cls(
            ticket_id=row.ticket_id,
            model_id=row.model_id,
            made_at=row.made_at,
            request_types=_guesses(row.request_type, {}),
            categories=_guesses(row.category, {}),
            units=_guesses(row.units, names),
            outcome=None if row.outcome is None else SuggestionOutcome(row.outcome),
            decided_at=row.decided_at,
        )


class FiguresQuery(Input):
    """派单建议统计的条件。"""

    since: Moment | None = Field(None, description="自何时起，须带时区")


class ModelFacts(BaseModel):
    """正在使用的模型。"""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    trained_at: BeijingTime
    examples: int = Field(description="学习的工单数")
    threshold: float | None = Field(description="自动派单的置信度；为空则从不自动派单")
    figures: dict[str, Any] = Field(
        description="各项在留出的历史工单上的 macro_f1、accuracy、top3；"
        "coverage、precision 为置信度不低于 threshold 的比例及其准确率"
    )


class Figures(BaseModel):
    """派单建议的成效 (B3)。"""

    suggested: int = Field(description="给出承办单位建议的次数")
    taken: int = Field(description="由人采纳")
    overridden: int = Field(description="由人改派他处")
    automatic: int = Field(description="自动派单，且未被退回")
    undone: int = Field(description="自动派单后同意退单")
    precision: float | None = Field(
        description="已有结果的建议中，采纳与自动派单未退回所占的比例；为空则尚无结果"
    )
    model: ModelFacts | None = Field(description="为空则尚未训练")

    @classmethod
    def of(cls, tally: Tally, model: Model | None) -> Self:
        """The figures that counting gives."""
        right = tally.taken + tally.automatic
        decided = right + tally.overridden + tally.undone
        return cls(
            suggested=tally.suggested,
            taken=tally.taken,
            overridden=tally.overridden,
            automatic=tally.automatic,
            undone=tally.undone,
            precision=round(right / decided, 4) if decided else None,
            model=None if model is None else ModelFacts.model_validate(model),
        )


def _guesses(kept: list[dict[str, Any]], names: dict[str, str]) -> list[Guess]:
    return [Guess(**one, name=names.get(one["value"])) for one in kept]
