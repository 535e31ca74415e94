"""What people hand in to hand a ticket to another level."""

from pydantic import Field

from services.dispatch.schemas import Jurisdiction, Words
from shared.answers import Input


class Move(Input):
    """转交其他层级办理：上级，或者所辖的市、县、乡镇。"""

    to_jurisdiction: Jurisdiction = Field(description="转往地区的行政区划代码", examples=["512021"])
    reason: Words = Field(description="转交理由", examples=["属安岳县管辖，由县里办理"])
