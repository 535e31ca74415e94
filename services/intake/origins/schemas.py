"""What another platform says of a request that it forwarded."""

from typing import Annotated

from pydantic import Field

from shared.answers import Input
from shared.events.words import Satisfaction


class NoteRating(Input):
    """来源平台取得的评价；在来源平台计入统计，这里只作记录."""

    result: Annotated[Satisfaction, Field(description="对办理结果的评价")]
    hotline: Annotated[Satisfaction | None, Field(description="对热线服务的评价")] = None
    contact: Annotated[Satisfaction | None, Field(description="对承办单位联系的评价")] = None
    is_solved: Annotated[bool, Field(description="问题是否解决")]
