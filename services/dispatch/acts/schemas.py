"""What people hand in with an act."""

from pydantic import AwareDatetime, Field

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


class Respond(Input):
    """初步响应：特殊、特殊紧急事项的第一次反馈，视同签收 (ZY 13.4)。"""

    text: Words = Field(description="初步响应意见", examples=["抢修人员已到场，预计两小时恢复供水"])


class Progress(Input):
    """报送进展：紧急事项的处理情况，或者临时办结后的进展 (ZY 13.3, 13.4)。"""

    text: Words = Field(description="工作进展", examples=["主管已更换，正在冲洗消毒"])
    next_step: Words | None = Field(None, description="下步打算", examples=["今晚恢复供水"])


class InterimClose(Input):
    """临时办结：办理进展、下步打算、承诺办结时限 (ZY 13.3)。"""

    progress: Words = Field(description="办理进展情况", examples=["已立案，正在调查取证"])
    next_step: Words = Field(description="下步打算", examples=["取证后作出处罚决定"])
    promised_at: AwareDatetime = Field(
        description="承诺办结时限，须带时区且晚于现在", examples=["2026-12-31T17:30:00+08:00"]
    )
    ground: str | None = Field(None, description="情形代码，见政策包的 interim.grounds")


class Redo(Input):
    """退回承办单位重新办理 (ZY 14.2)。"""

    reason: Words = Field(description="重新办理的理由", examples=["诉求合理，未实际解决"])
