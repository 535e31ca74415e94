"""What a unit files of a terminated matter, and the register as people see it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.dispatch.schemas import Code, Jurisdiction, Words
from services.dispatch.terminations.models import Termination as TerminationRow
from shared.answers import BeijingTime, Input
from shared.letters import Letter
from shared.pages import PageQuery

EARLIER_MAX = 50


class Terminate(Input):
    """终结件报备：详细意见、解释答复口径、已向诉求人所作解释 (ZY 15)。"""

    opinion: Words = Field(
        description="认定为终结件的详细意见", examples=["已三次依法处理，事实清楚"]
    )
    script: Words = Field(description="解释答复口径", examples=["经核查，水表计量准确，不予退费"])
    explanation: Words = Field(
        description="已向诉求人所作的解释", examples=["9月30日当面解释并送达书面答复"]
    )
    earlier: Annotated[list[UUID], Field(min_length=1, max_length=EARLIER_MAX)] = Field(
        description="该诉求人此前就同一事项反映并已答复的工单"
    )
    letter: Letter | None = Field(None, description="会商工单须附签字盖章的函件 (ZY 13.5)")


class TerminationsQuery(PageQuery):
    """终结件台账的查询条件。"""

    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
    unit: Code | None = Field(None, description="承办单位代码")


class Termination(BaseModel):
    """一次终结件报备。"""

    id: UUID
    ticket_id: UUID
    number: str
    jurisdiction: str
    unit: str
    opinion: str
    script: str
    explanation: str
    earlier: list[UUID]
    filed_by: str
    filed_at: BeijingTime
    sent_back_by: str | None = Field(description="退回人；报备材料不完整的方可退回")
    sent_back_at: BeijingTime | None
    sent_back_because: str | None

    @classmethod
    def of(cls, row: TerminationRow, number: str) -> Self:
        """A filing as people see it."""
        values = {name: getattr(row, name) for name in cls.model_fields if name != "number"}
        return cls(number=number, **values)
