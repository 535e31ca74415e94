"""What people see of a unit's returns."""

from pydantic import BaseModel, ConfigDict, Field

from shared.answers import Input
from shared.moments import Moment


class ReturnsQuery(Input):
    """退单统计的条件。"""

    since: Moment | None = Field(None, description="自何时起，须带时区")


class UnitReturns(BaseModel):
    """一个承办单位的退单情况 (B5)。"""

    model_config = ConfigDict(from_attributes=True)

    asked: int = Field(description="申请退单次数")
    granted: int = Field(description="同意次数")
    rejected: int = Field(description="不同意次数，即不当退单")
    late: int = Field(description="超过退单时限的次数，视为超期")
