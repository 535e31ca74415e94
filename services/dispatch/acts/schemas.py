"""What people hand in with an act."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.dispatch.handling.rules import ELEMENTS
from services.dispatch.schemas import Code, Words
from shared.answers import Input
from shared.events.kinds import CaseKind
from shared.events.words import ReturnDecision, ReturnGround
from shared.letters import Letter
from shared.moments import Moment

ATTACHMENTS_MAX = 50
MORE_MAX = 20
CO_UNITS_MAX = 50
CoUnits = Annotated[tuple[Code, ...], Field(max_length=CO_UNITS_MAX)]


class Dispatch(Input):
    """派单：由人指定承办单位。"""

    unit: Code = Field(description="承办单位代码", examples=["512000-water"])
    reason: Words = Field(description="派单理由", examples=["涉及供水，属水务部门职责"])
    co_units: CoUnits = Field((), description="协办单位代码 (ZY 13.5(5))")


class Sign(Input):
    """签收。"""


class Return(Input):
    """退单：须说明理由、依据和建议承办单位。"""

    ground: ReturnGround = Field(description="退单情形")
    reason: Words = Field(description="退单理由", examples=["该路段由县住建部门管养"])
    legal_basis: Words = Field(description="退单依据", examples=["《城市道路管理条例》第六条"])
    proposed_unit: Code = Field(description="建议承办单位代码", examples=["512021-housing"])
    letter: Letter | None = Field(None, description="会商工单须附签字盖章的函件 (ZY 13.5)")


class DecideReturn(Input):
    """退单审核。"""

    decision: ReturnDecision = Field(description="是否同意退单")
    reason: Words = Field(description="审核理由", examples=["经核实确不属于该单位职责"])
    unit: Code | None = Field(
        None, description="同意退单时改派的承办单位；不填则按派单规则改派，无规则则待人工派单"
    )
    kind: CaseKind | None = Field(
        None,
        description="提交会商时的情形：undetermined（不填即此）或者 no_lead (ZY 13.5(1)(2))",
    )
    co_units: CoUnits = Field((), description="改派时的协办单位代码；须同时填写 unit")
    ground: Code | None = Field(
        None,
        description="同意退单且不属于受理范围、就此不予受理时的情形代码，见 GET /v1/scope (ZY 9)",
    )


class Reply(Input):
    """答复：须写明的要素由政策包规定，一般为核查情况、依据、结果、联系诉求人的情况。"""

    findings: Words | None = Field(
        None, description="核查情况", examples=["经现场查看，管网破损属实"]
    )
    basis: Words | None = Field(
        None, description="办理依据", examples=["《城市供水条例》第二十二条"]
    )
    result: Words | None = Field(
        None, description="办理结果", examples=["已更换管段，当日恢复供水"]
    )
    contact: Words | None = Field(
        None, description="何时以何方式联系诉求人", examples=["9月30日电话告知"]
    )
    more: dict[Code, Words] = Field(
        default_factory=dict,
        max_length=MORE_MAX,
        description="政策包 reply.required 规定的其他要素，按其代码",
    )
    checked_by: Code | None = Field(
        None,
        description="审核把关人的工号，不得为答复人本人；只由承办单位自己的系统填写，"
        "人员登录答复的不填，待本单位另一人登录审核（check-reply）",
        examples=["YJ0201"],
    )
    letter: Letter | None = Field(None, description="会商工单须附签字盖章的函件 (ZY 13.5)")
    attachments: tuple[UUID, ...] = Field(
        (), max_length=ATTACHMENTS_MAX, description="随答复提供的附件编号"
    )
    without: Words | None = Field(None, description="协办单位尚未答复而先行答复的理由 (ZY 13.5(5))")

    def elements(self) -> dict[str, str]:
        """What it says, by the codes of the pack's list."""
        given = {code: getattr(self, code) for code in ELEMENTS} | self.more
        return {code: text for code, text in given.items() if text is not None}


class CheckReply(Input):
    """审核答复：由本单位起草人以外的人审核把关 (ZY 13)。"""

    passed: bool = Field(description="是否通过；不通过则退回修改")
    reason: Words | None = Field(None, description="退回修改的理由；不通过时必填")


class ChooseCoUnits(Input):
    """确定协办单位：一次给出全部协办单位，未列出的不再协办 (ZY 13.5(5))。"""

    co_units: CoUnits = Field(description="协办单位代码", examples=[["512000-housing"]])
    reason: Words = Field(description="理由", examples=["涉及道路恢复，请住建部门协办"])


class CoReply(Input):
    """协办答复：告知主办单位本单位的办理情况 (ZY 13.5(5))。"""

    findings: Words = Field(description="核查情况", examples=["经查，路面由本单位管养"])
    basis: Words = Field(description="办理依据", examples=["《城市道路管理条例》第六条"])
    result: Words = Field(description="办理结果", examples=["已恢复路面"])


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
    promised_at: Moment = Field(
        description="承诺办结时限，须带时区且晚于现在", examples=["2026-12-31T17:30:00+08:00"]
    )
    ground: str | None = Field(None, description="情形代码，见政策包的 interim.grounds")
    letter: Letter | None = Field(None, description="会商工单须附签字盖章的函件 (ZY 13.5)")


class Redo(Input):
    """退回承办单位重新办理 (ZY 14.2)。"""

    reason: Words = Field(description="重新办理的理由", examples=["诉求合理，未实际解决"])
