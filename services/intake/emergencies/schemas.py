"""What comes in and goes out of emergencies over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.emergencies.models import Report
from services.intake.emergencies.operations import DutyNumber
from services.intake.rules import mask_name, mask_phone
from services.intake.schemas import Code, Words
from shared.answers import BeijingTime, Input
from shared.masking import Unmasked
from shared.problems import field_error

EMAIL_PATTERN = r"^[^@\s\x00]{1,64}@[^@\s\x00]{1,190}$"
PHONE_PATTERN = r"^[0-9+ ()-]{3,30}$"


class ContactIn(Input):
    """一个值班联系人."""

    name: Annotated[
        Words, Field(min_length=1, max_length=100, description="值班室或值班员"), Unmasked
    ]
    phone: Annotated[str | None, Field(pattern=PHONE_PATTERN), Unmasked] = None
    email: Annotated[str | None, Field(pattern=EMAIL_PATTERN), Unmasked] = None


class ContactsIn(Input):
    """一地政府接收紧急报告的值班联系方式，整体替换."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"contacts": [{"name": "市政府总值班室", "phone": "028-26110000"}]}]
        }
    )

    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=20)]

    def numbers(self) -> list[DutyNumber]:
        """Who is told. Raises `Malformed` for somebody who cannot be reached."""
        for place, one in enumerate(self.contacts):
            if one.phone is None and one.email is None:
                raise field_error(f"contacts.{place}", "unreachable", "须填写电话或电子邮箱")
        return [DutyNumber(one.name, one.phone, one.email) for one in self.contacts]


class ContactOut(BaseModel):
    """一个值班联系人，号码脱敏."""

    name: str
    phone: str | None
    email: str | None


class ContactsOut(BaseModel):
    """一地政府的值班联系方式."""

    jurisdiction: str
    contacts: list[ContactOut]

    @classmethod
    def of(cls, code: str, numbers: list[DutyNumber]) -> Self:
        """What may be shown of them: enough to know which number it is."""
        contacts = [
            ContactOut(
                name=one.name,
                phone=None if one.phone is None else mask_phone(one.phone),
                email=None if one.email is None else mask_name(one.email),
            )
            for one in numbers
        ]
        return cls(jurisdiction=code, contacts=contacts)


class ReportIn(Input):
    """续报：由人补充的紧急报告."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"offices": ["512000"], "text": "火势已控制，无人员伤亡。"}]
        }
    )

    offices: Annotated[list[Code], Field(max_length=20, description="报告的地区；不填则同首报")] = (
        Field(default_factory=list)
    )
    units: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=20, description="同时报告的处置单位代码，派单之前即可告知"),
    ] = Field(default_factory=list)
    text: Annotated[Words, Field(min_length=1, max_length=2_000, description="报告内容")]


class ReportOut(BaseModel):
    """一次紧急报告."""

    ticket_id: UUID
    offices: list[str] = Field(description="报告的地区和处置单位")
    text: str
    reported_by: str
    reported_at: BeijingTime

    @classmethod
    def of(cls, report: Report) -> Self:
        """A report as it was made."""
        return cls(
            ticket_id=report.ticket_id,
            offices=report.offices,
            text=report.text,
            reported_by=report.reported_by,
            reported_at=report.reported_at,
        )


class Reports(BaseModel):
    """一件工单的各次紧急报告."""

    items: list[ReportOut]
