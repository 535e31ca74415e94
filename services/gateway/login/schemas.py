"""What comes in and goes out of sessions over HTTP."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.people.schemas import Assignment
from shared.answers import Input
from shared.events.words import Role


class ChooseRole(Input):
    """选择本次登录使用的岗位。"""

    assignment: UUID = Field(
        description="岗位编号", examples=["01a1ff6b-3698-74a7-bb95-d23c2acab522"]
    )


class EndSession(Input):
    """退出登录。"""

    everywhere: bool = Field(False, description="是否同时退出本人在其他设备上的登录")


class OwnAssignment(Assignment):
    """本人的一个岗位。"""

    is_chosen: bool = Field(description="本次登录是否以此岗位工作")


class Me(BaseModel):
    """当前登录的人和岗位。"""

    work_number: str
    name: str | None = Field(examples=["话务员0107"])
    role: Role | None = Field(description="本次使用的角色；为空时须先选择岗位")
    role_name: str | None = Field(examples=["话务座席"])
    jurisdiction: str | None
    unit: str | None
    assignments: list[OwnAssignment] = Field(description="可以选择的岗位")
    idle_minutes: float = Field(description="无操作多少分钟后自动退出")


class Ended(BaseModel):
    """已退出登录。"""

    ended: bool
