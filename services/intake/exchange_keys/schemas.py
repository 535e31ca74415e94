"""What comes in and goes out of exchange keys over HTTP."""

import base64
from typing import Annotated, Self
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, Field, ValidationError

from services.intake.exchange_keys.models import ExchangeKey
from services.intake.exchange_keys.operations import Recipient
from services.intake.schemas import CallerIn, Code, Words
from shared.answers import Input
from shared.crypto.provider import Suite
from shared.problems import field_error

KEY_LENGTH_MAX = 200
Reason = Annotated[Words, Field(min_length=2, max_length=200, description="用途")]


class SealCaller(Input):
    """为另一平台加密诉求人，写明用途并留痕."""

    recipient_platform: Annotated[Code, Field(description="接收平台的代码")]
    recipient_key: Annotated[
        Base64Bytes, Field(max_length=KEY_LENGTH_MAX, description="接收平台的公钥，Base64")
    ]
    key_id: Annotated[UUID, Field(description="该公钥的编号")]
    suite: Annotated[Suite, Field(description="该公钥的算法")] = Suite.INTERNATIONAL
    purpose: Reason

    def recipient(self) -> Recipient:
        """For whom it is sealed."""
        return Recipient(self.recipient_platform, self.key_id, self.suite, self.recipient_key)


class SealedCallerOut(BaseModel):
    """为另一平台加密的诉求人；没有留下信息的，`sealed` 为空."""

    key_id: UUID
    sealed: str | None = Field(description="密文，Base64")
    purpose: str


class ExchangeKeyOut(BaseModel):
    """本平台的一个交换公钥."""

    key_id: UUID
    suite: Suite
    public_key: str = Field(description="Base64")

    @classmethod
    def of(cls, key: ExchangeKey) -> Self:
        """The public part."""
        public = base64.b64encode(key.public).decode()
        return cls(key_id=key.id, suite=Suite(key.suite), public_key=public)


class ExchangeKeys(BaseModel):
    """本平台的交换公钥，最新的在前；请用第一个."""

    platform: str
    items: list[ExchangeKeyOut]


def read_caller(content: bytes) -> CallerIn:
    """Who called, from what another platform sealed. Raises `Malformed`."""
    try:
        return CallerIn.model_validate_json(content)
    except ValidationError as error:
        # What is wrong with it is told, but not what it is.
        names = "、".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise field_error(
            "sealed_caller.sealed", "malformed_caller", f"解密后的诉求人信息格式不符：{names}"
        ) from error
