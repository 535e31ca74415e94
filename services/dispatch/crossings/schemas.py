"""What people and other platforms hand in about tickets that crossed."""

from typing import Annotated

from pydantic import Field, StringConstraints

from services.dispatch.schemas import Words
from shared.answers import Input
from shared.events.words import CloseReason, ReturnGround

Unit = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class SendBack(Input):
    """退回来源平台：不属本平台受理或者职责，由来源平台审核 (ZY 13.2)。"""

    ground: ReturnGround = Field(description="退单情形")
    reason: Words = Field(description="退回理由", examples=["该事项由省级部门管理"])
    legal_basis: Words = Field(description="退回依据", examples=["《城市道路管理条例》第六条"])
    proposed_unit: Unit = Field(description="建议承办单位的代码或者名称", examples=["省交通厅"])


class Settle(Input):
    """来源平台已结束办理：已答复的办结，未答复的撤回。"""

    reason: CloseReason = Field(CloseReason.AT_HOME, description="办结理由")
    text: Words = Field("来源平台已结束办理", description="说明")
