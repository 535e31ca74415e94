"""Contacts of units as people hand them in and see them."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.dispatch.contacts.operations import Contact
from shared.answers import Input
from shared.events.words import DutyHours
from shared.masking import Unmasked
from shared.personal import number_of

CONTACTS_MAX = 50
_PHONE = re.compile(r"\+?[\d\s()（）-]{5,25}")
_EMAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{2,63}){1,4}")


class ContactKind(StrEnum):
    """How a unit is reached."""

    PHONE = "phone"
    EMAIL = "email"


class UnitContact(Input):
    """一个联系方式。"""

    model_config = ConfigDict(from_attributes=True)

    kind: ContactKind = Field(description="phone 电话，email 电子邮箱")
    address: Annotated[
        str,
        Field(description="号码或邮箱", max_length=200, examples=["0832-6112345"]),
        Unmasked,
    ]
    duty_hours: DutyHours = Field(
        DutyHours.WORKING, description="何时有人：working 工作时间，always 全天候 (ZY 13.4, 35)"
    )

    @model_validator(mode="after")
    def _has_its_form(self) -> "UnitContact":
        form = _PHONE if self.kind is ContactKind.PHONE else _EMAIL
        if form.fullmatch(self.address) is None:
            raise ValueError("不是有效的电话号码或者电子邮箱")
        return self

    def contact(self) -> Contact:
        """As it is kept: a number by its digits alone."""
        is_phone = self.kind is ContactKind.PHONE
        address = number_of(self.address) if is_phone else self.address
        return Contact(self.kind, address, self.duty_hours)


class PutContacts(Input):
    """一个承办单位的全部联系方式；不在其中的即删除。"""

    items: tuple[UnitContact, ...] = Field(max_length=CONTACTS_MAX)


class UnitContacts(BaseModel):
    """一个承办单位的联系方式。"""

    unit: str
    items: list[UnitContact]
