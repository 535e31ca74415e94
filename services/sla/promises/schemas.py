"""What units send of their promises, and what is shown of them."""

from typing import Self

from pydantic import BaseModel, Field

from services.sla.models import Promise
from services.sla.promises.rules import CHINESE_UNITS, Promised, PromiseUnit
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.words import RequestType

AMOUNT_MAX = 3650


class PutPromise(Input):
    """承诺办理时限，须短于规定时限；超期仍按规定时限计算。"""

    request_type: RequestType = Field(description="诉求类型")
    amount: int = Field(ge=1, le=AMOUNT_MAX, description="时限长度", examples=[3])
    unit: PromiseUnit = Field(description="working_days 工作日，hours 小时")

    def promise(self) -> Promised:
        """The promise as the rules take it."""
        return Promised(self.amount, self.unit)


class PromiseShown(BaseModel):
    """承办单位承诺的一类诉求的办理时限。"""

    request_type: RequestType
    type_name: str = Field(examples=["求助"])
    amount: int
    length_unit: PromiseUnit
    length: str = Field(examples=["3 个工作日"])
    promised_at: BeijingTime = Field(description="作出承诺的时间（北京时间），此后起算的工单适用")
    promised_by: str

    @classmethod
    def of(cls, row: Promise) -> Self:
        """A promise of the table, for people."""
        request, unit = RequestType(row.request_type), PromiseUnit(row.length_unit)
        return cls(
            request_type=request,
            type_name=CHINESE[request],
            amount=row.amount,
            length_unit=unit,
            length=f"{row.amount} {CHINESE_UNITS[unit]}",
            promised_at=row.promised_at,
            promised_by=row.promised_by,
        )


class Promises(BaseModel):
    """承办单位的全部承诺。"""

    unit: str
    items: list[PromiseShown]
