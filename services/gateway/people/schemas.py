"""What comes in and goes out of people over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.gateway.people.models import Assignment as AssignmentRow
from services.gateway.people.models import Person as PersonRow
from services.gateway.people.rules import WORK_NUMBER_PATTERN
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.words import Role
from shared.jurisdictions import CODE_PATTERN

WorkNumber = Annotated[str, StringConstraints(pattern=WORK_NUMBER_PATTERN)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""What PostgreSQL can keep."""
Jurisdiction = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]


class AddPerson(Input):
    """登记一名工作人员。"""

    work_number: WorkNumber = Field(description="工号，一人一号，不再重用", examples=["HW0107"])
    name: Text = Field(description="姓名", min_length=1, max_length=50, examples=["话务员0107"])
    jurisdiction: Jurisdiction = Field(description="所属行政区划代码", examples=["512000"])


class GrantRole(Input):
    """授予一个岗位（角色）。"""

    role: Role = Field(description="角色", examples=["operator"])
    jurisdiction: Jurisdiction = Field(description="行政区划代码", examples=["512000"])
    unit: str | None = Field(
        None, description="承办单位代码；只有承办单位的角色填写", max_length=64
    )
    seat: Text | None = Field(None, description="座席号", max_length=32, examples=["A07"])


class RevokeRole(Input):
    """撤销一个岗位。"""

    assignment: UUID = Field(
        description="岗位编号", examples=["01a1ff6b-3698-74a7-bb95-d23c2acab522"]
    )


class Because(Input):
    """说明原因，记入审计。"""

    reason: Text = Field(description="原因", min_length=1, max_length=200, examples=["离岗"])


class Assignment(BaseModel):
    """一个岗位：在何处以何种角色工作。"""

    id: UUID
    role: Role
    role_name: str = Field(examples=["话务座席"])
    jurisdiction: str
    unit: str | None
    seat: str | None = Field(examples=["A07"])
    granted_at: BeijingTime

    @classmethod
    def of(cls, row: AssignmentRow) -> Self:
        """As people read it."""
        role = Role(row.role)
        return cls(
            id=row.id,
            role=role,
            role_name=CHINESE[role],
            jurisdiction=row.jurisdiction,
            unit=row.unit,
            seat=row.seat,
            granted_at=row.granted_at,
        )


class Person(BaseModel):
    """一名工作人员及其岗位。"""

    work_number: str
    name: str = Field(examples=["话务员0107"])
    jurisdiction: str
    is_active: bool
    is_locked: bool = Field(description="是否被安全管理锁定")
    is_bound: bool = Field(description="是否已在身份服务登录过")
    assignments: list[Assignment]
    created_by: str = Field(examples=["HW0001"])
    created_at: BeijingTime

    @classmethod
    def of(cls, row: PersonRow, held: Sequence[AssignmentRow]) -> Self:
        """The person without their subject at the issuer."""
        return cls(
            work_number=row.work_number,
            name=row.name,
            jurisdiction=row.jurisdiction,
            is_active=row.is_active,
            is_locked=row.locked_at is not None,
            is_bound=row.issuer is not None,
            assignments=[Assignment.of(one) for one in held],
            created_by=row.created_by,
            created_at=row.created_at,
        )


class PasswordReset(BaseModel):
    """重置口令的结果。"""

    work_number: str
    temporary_password: str | None = Field(
        description="一次性口令，只显示这一次；以相同 Idempotency-Key 重发时为空",
        examples=["9mgz0bpDrAfrM_0B"],
    )
    valid_until: BeijingTime = Field(description="一次性口令的有效期")

    @classmethod
    def of(cls, work_number: str, valid_until: datetime) -> Self:
        """The answer that is kept: it holds no secret."""
        return cls(work_number=work_number, temporary_password=None, valid_until=valid_until)
