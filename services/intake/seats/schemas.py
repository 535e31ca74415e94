"""What comes in and goes out of seats over HTTP."""

from typing import Self

from pydantic import BaseModel, Field

from services.intake.schemas import Code
from services.intake.seats.models import Seat as SeatRow
from shared.answers import Input
from shared.events.chinese import CHINESE
from shared.events.kinds import Seat as SeatKind
from shared.pages import PageQuery


class PutSeat(Input):
    """座席的内容。"""

    jurisdiction: Code = Field(description="行政区划代码", examples=["512000"])
    kind: SeatKind = Field(description="座席类型", examples=["call"])
    unit: str | None = Field(None, description="专家座席的选派单位", max_length=64)
    subcenter: str | None = Field(
        None, description="归并热线的号码，座席属于该分中心或保留座席", max_length=32
    )
    is_active: bool = Field(True, description="是否在岗")


class SeatOut(BaseModel):
    """一个座席，以工号为准。"""

    number: str
    jurisdiction: str
    kind: SeatKind
    kind_name: str
    unit: str | None
    subcenter: str | None
    is_active: bool

    @classmethod
    def of(cls, row: SeatRow) -> Self:
        """The seat as people see it."""
        kind = SeatKind(row.kind)
        return cls(
            number=row.number,
            jurisdiction=row.jurisdiction,
            kind=kind,
            kind_name=CHINESE[kind],
            unit=row.unit,
            subcenter=row.subcenter,
            is_active=row.is_active,
        )


class SeatQuery(PageQuery):
    """座席列表的条件。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    kind: SeatKind | None = Field(None, description="座席类型")
    unit: str | None = Field(None, description="选派单位代码", max_length=64)
