"""What erasing takes and answers over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.schemas import Words
from shared.answers import Input


class Erase(Input):
    """应当事人要求删除一件工单的内容和诉求人信息。"""

    reason: Annotated[
        Words,
        Field(
            min_length=2,
            max_length=200,
            description="理由，写入审计记录；不要写姓名和号码",
            examples=["诉求人书面申请，登记号 2026-017"],
        ),
    ]


class ErasedTicket(BaseModel):
    """删除的结果；其他环节随后删除各自的副本。"""

    id: UUID
    is_new: bool = Field(description="本次删除；此前已删除的为 false")
