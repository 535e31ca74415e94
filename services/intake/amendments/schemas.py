"""What comes in to amend a request."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.intake.schemas import Words
from shared.answers import Input
from shared.events.words import RequestType, Secrecy, Urgency


class Amend(Input):
    """补充内容，或更正类型、紧急程度、执法和调解标记、类别、知悉范围、被投诉的单位."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"addition": "停水范围扩大到整条街。"},
                {"request_type": "complaint", "reason": "诉求人投诉物业，原登记为求助。"},
                {"about_unit": "512000-01", "reason": "诉求人反映该局工作人员推诿。"},
            ]
        }
    )

    addition: Annotated[
        Words | None, Field(min_length=1, max_length=20_000, description="补充的内容")
    ] = None
    request_type: Annotated[RequestType | None, Field(description="更正后的诉求类型")] = None
    urgency: Annotated[Urgency | None, Field(description="更正后的紧急程度")] = None
    is_enforcement: Annotated[bool | None, Field(description="是否涉及行政执法案件")] = None
    is_mediation: Annotated[bool | None, Field(description="是否属于行政调解")] = None
    category: Annotated[
        Words | None, Field(min_length=1, max_length=40, description="更正后的类别代码")
    ] = None
    secrecy: Annotated[
        Secrecy | None, Field(description="更正后的知悉范围：敏感的只有经办单位和督办可见 (F9)")
    ] = None
    about_unit: Annotated[
        Words | None,
        Field(
            min_length=1,
            max_length=64,
            description="被投诉的单位，或被投诉人员的单位：由其上级办理，该单位不可见 (XS 三(四))",
        ),
    ] = None
    reason: Annotated[
        Words | None, Field(min_length=1, max_length=2_000, description="更正的理由")
    ] = None
