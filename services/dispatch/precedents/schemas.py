"""What people hand in and see of precedents."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.dispatch.directory.schemas import Category, Name
from services.dispatch.precedents.models import Precedent as PrecedentRow
from services.dispatch.schemas import Code, Jurisdiction, Words
from shared.answers import BeijingTime, Input
from shared.pages import PageQuery

CO_UNITS_MAX = 50


class DecidePrecedent(Input):
    """会商决定：某件工单由谁主办、协办，同类事项参照办理 (ZY 13.5(5))。"""

    ticket_id: UUID = Field(description="会商的工单")
    lead_unit: Code = Field(description="主办单位代码", examples=["512000-water"])
    co_units: tuple[Code, ...] = Field(
        (), max_length=CO_UNITS_MAX, description="协办单位代码", examples=[["512000-housing"]]
    )
    category: Category = Field(description="同类事项的类别代码", examples=["010203"])
    jurisdiction: Jurisdiction = Field(description="适用地区，含下级", examples=["512000"])
    document: Name = Field(description="决定文书", examples=["市热线会商纪要〔2026〕3号"])


class RetirePrecedent(Input):
    """废止会商决定。"""

    reason: Words = Field(description="废止理由", examples=["机构改革，职责已调整"])


class Precedent(BaseModel):
    """一项会商决定。"""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    ticket_id: UUID
    jurisdiction: str
    category: str
    lead_unit: str
    co_units: list[str]
    document: str
    decided_by: str
    decided_at: BeijingTime
    retired_by: str | None
    retired_at: BeijingTime | None
    retired_because: str | None

    @classmethod
    def of(cls, row: PrecedentRow) -> Self:
        """The precedent as people see it."""
        return cls.model_validate(row)


class PrecedentQuery(PageQuery):
    """会商决定的查询条件。"""

    jurisdiction: Jurisdiction | None = Field(None, description="对该地有效的，含下级的")
    category: Category | None = Field(None, description="类别代码")
