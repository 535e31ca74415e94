"""What people hand in with an act."""

from pydantic import Field

from services.dispatch.schemas import Code, Words
from shared.answers import Input
from shared.events.words import ReturnDecision, ReturnGround


class Dispatch(Input):
    """派单：由人指定承办单位。"""

    unit: Code = Field(description="承办单位代码", examples=["512000-water"])
    reason: Words = Field(description="派单理由", examples=["涉及供水，属水务部门职责"])


class Sign(Input):
    """签收。"""


class Return(Input):
    """退单：须说明理由、依据和建议承办单位。"""

    ground: ReturnGround = Field(description="退单情形")
    reason: Words = Field(description="退单理由", examples=["该路段由县住建部门管养"])
    legal_basis: Words = Field(description="退单依据", examples=["《城市道路管理条例》第六条"])
    proposed_unit: Code = Field(description="建议承办单位代码", examples=["512021-housing"])


class DecideReturn(Input):
    """退单审核。"""

    decision: ReturnDecision = Field(description="是否同意退单")
    reason: Words = Field(description="审核理由", examples=["经核实确不属于该单位职责"])
    unit: Code | None = Field(
        None, description="同意退单时改派的承办单位；不填则按派单规则改派，无规则则待人工派单"
    )


class Reply(Input):
    """答复：核查情况、依据、结果、联系诉求人的情况。"""

    findings: Words = Field(description="核查情况", examples=["经现场查看，管网破损属实"])
    basis: Words = Field(description="办理依据", examples=["《城市供水条例》第二十二条"])
    result: Words = Field(description="办理结果", examples=["已更换管段，当日恢复供水"])
    contact: Words = Field(description="何时以何方式联系诉求人", examples=["9月30日电话告知"])
