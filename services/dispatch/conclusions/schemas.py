"""What people hand in to end a ticket at the hotline itself."""

from uuid import UUID

from pydantic import ConfigDict, Field

from services.dispatch.schemas import Code, Words
from shared.answers import Input
from shared.events.kinds import EmergencyLine, HandOver

COMPETENT_LENGTH_MAX = 200


class Refuse(Input):
    """受理后查明不属于受理范围，不予受理 (ZY 9)。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ground": "litigation", "reason": "诉求人所附材料为法院已立案的纠纷"}]
        }
    )

    ground: Code = Field(description="不予受理的情形代码，见 GET /v1/scope")
    reason: Words = Field(description="认定的理由")
    competent: str | None = Field(
        None,
        min_length=1,
        max_length=COMPETENT_LENGTH_MAX,
        description="引导诉求人前往的有管辖权的部门",
    )


class AnswerDirectly(Input):
    """热线依据知识库直接答复，不派单 (ZY 12, YN 六(三)3)。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "article": "0199a1b2-0000-7000-8000-000000000001",
                    "text": "可在社区便民服务站办理，免费。",
                }
            ]
        }
    )

    article: UUID = Field(description="所依据的知识，须已发布")
    text: Words = Field(description="对诉求人的答复")
    is_solved: bool = Field(True, description="是否解决诉求")


class HandOverTo(Input):
    """属于 110、119、120、122 的紧急事项，转至该专线 (ZY 34)。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"line": "110", "way": "three_way", "note": "已与指挥中心接警员核对地址"}]
        }
    )

    line: EmergencyLine = Field(description="转至的专线")
    way: HandOver = Field(description="一键呼转、三方通话或工单转派")
    unit: Code | None = Field(
        None, description="工单转派的，代表该专线平台的单位代码；由其系统接收"
    )
    note: Words = Field(description="交接情况")
