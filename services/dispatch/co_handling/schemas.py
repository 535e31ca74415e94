"""Parts of co-handling units as people see them."""

from typing import Self

from pydantic import BaseModel, Field

from services.dispatch.co_handling.models import CoHandler
from shared.answers import BeijingTime
from shared.events.words import Act


class CoPart(BaseModel):
    """一个协办单位的办理情况。"""

    unit: str
    chosen_at: BeijingTime
    signed_at: BeijingTime | None
    signed_by: str | None
    replied_at: BeijingTime | None
    replied_by: str | None
    findings: str | None = Field(description="核查情况")
    basis: str | None = Field(description="办理依据")
    result: str | None = Field(description="办理结果")

    @classmethod
    def of(cls, row: CoHandler) -> Self:
        """The part that a row holds."""
        nothing = {"findings": None, "basis": None, "result": None}
        columns = ("unit", "chosen_at", "signed_at", "signed_by", "replied_at", "replied_by")
        kept = {column: getattr(row, column) for column in columns}
        return cls.model_validate(kept | (row.reply or nothing))


def done_of(part: CoHandler | None) -> set[Act]:
    """What a co-handling unit has done; its reply until the ticket is done again."""
    if part is None:
        return set()
    done = {Act.CO_SIGN} if part.signed_at is not None else set()
    return done | ({Act.CO_REPLY} if part.replied_at is not None else set())
