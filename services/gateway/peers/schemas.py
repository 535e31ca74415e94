"""What comes in and goes out of peers and keys over HTTP."""

import binascii
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.peers.models import OwnKey as OwnKeyRow
from services.gateway.peers.models import Peer as PeerRow
from services.gateway.peers.models import PeerKey as PeerKeyRow
from services.gateway.peers.operations import KeyWords, PeerWords
from services.gateway.peers.rules import (
    CHINESE,
    CHINESE_STATES,
    KEY_ID_PATTERN,
    Algorithm,
    KeyState,
    PeerKind,
    key_state,
)
from shared.answers import BeijingTime, Input
from shared.exchange import PLATFORM_PATTERN
from shared.moments import Moment
from shared.problems import field_error

HOURS_MAX = 24 * 90
PUBLIC_KEY_EXAMPLE = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
PeerCode = Annotated[str, Field(pattern=PLATFORM_PATTERN)]


class PutPeer(Input):
    """登记一个平台或分中心。"""

    name: str = Field(
        description="名称", examples=["四川省12345平台"], min_length=1, max_length=100
    )
    kind: PeerKind = Field(description="与本平台的关系", examples=["parent"])
    url: str | None = Field(
        None,
        description="对方网关地址；只由对方调用本平台的，不填",
        examples=["https://hotline.example.gov.cn"],
        max_length=500,
    )
    unit: str | None = Field(
        None,
        description="名录中代表它的承办单位代码；分中心必填，只见派给该单位的工单",
        examples=["512000-water"],
        max_length=64,
    )
    is_active: bool = Field(True, description="停用后，其签名不再被接受")

    def words(self) -> PeerWords:
        """The same for an operation."""
        return PeerWords(self.name, self.kind, self.url, self.unit, self.is_active)


class RegisterKey(Input):
    """登记对方的一个公钥。"""

    key_id: str = Field(
        description="密钥编号，即签名中的 keyid，由对方给定",
        examples=["510000.5f2a9c017be4d811"],
        pattern=KEY_ID_PATTERN,
    )
    algorithm: Algorithm = Field(Algorithm.ED25519, description="签名算法")
    public_key: str = Field(
        description="公钥，base64：Ed25519 为 32 字节，SM2 为未压缩的点，65 字节",
        examples=[PUBLIC_KEY_EXAMPLE],
        max_length=200,
    )
    valid_from: Moment | None = Field(None, description="何时生效；不填则立即")
    valid_until: Moment | None = Field(None, description="何时失效；不填则不定期")

    def words(self) -> KeyWords:
        """The same for an operation. Raises `Malformed` where the key is no base64."""
        try:
            public = b64decode(self.public_key, validate=True)
        except (binascii.Error, ValueError) as error:
            raise field_error("public_key", "bad_key", "不是有效的 base64") from error
        return KeyWords(self.key_id, self.algorithm, public, self.valid_from, self.valid_until)


class RevokeKey(Input):
    """吊销一个公钥。"""


class RotateOwnKey(Input):
    """为本平台生成新的签名密钥。"""

    algorithm: Algorithm | None = Field(
        None, description="签名算法；不填则按平台的算法设置（CRYPTO_SUITE）"
    )
    signs_after_hours: float = Field(
        24, ge=0, le=HOURS_MAX, description="多少小时后开始用新密钥签名；在此之前请对方完成登记"
    )
    overlap_hours: float = Field(
        24, ge=0, le=HOURS_MAX, description="新密钥启用后，旧密钥仍公布多少小时"
    )

    def times(self) -> tuple[timedelta, timedelta]:
        """After how long it signs, and how long the older ones stay."""
        return timedelta(hours=self.signs_after_hours), timedelta(hours=self.overlap_hours)


class PeerKey(BaseModel):
    """对方的一个公钥。"""

    key_id: str
    algorithm: Algorithm
    public_key: str
    valid_from: BeijingTime
    valid_until: BeijingTime | None
    revoked_at: BeijingTime | None
    state: KeyState
    state_name: str

    @classmethod
    def of(cls, row: PeerKeyRow, now: datetime) -> Self:
        """The key as it stands now."""
        state = key_state(
            now,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            revoked_at=row.revoked_at,
        )
        return cls(
            key_id=row.key_id,
            algorithm=Algorithm(row.algorithm),
            public_key=b64encode(row.public_key).decode(),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            revoked_at=row.revoked_at,
            state=state,
            state_name=CHINESE_STATES[state],
        )


class Peer(BaseModel):
    """一个平台或分中心，及其公钥。"""

    code: str
    name: str
    kind: PeerKind
    kind_name: str
    url: str | None
    unit: str | None
    is_active: bool
    changed_at: BeijingTime
    keys: list[PeerKey]

    @classmethod
    def of(cls, row: PeerRow, keys: list[PeerKeyRow], now: datetime) -> Self:
        """The peer with its keys as they stand now."""
        kind = PeerKind(row.kind)
        return cls(
            code=row.code,
            name=row.name,
            kind=kind,
            kind_name=CHINESE[kind],
            url=row.url,
            unit=row.unit,
            is_active=row.is_active,
            changed_at=row.changed_at,
            keys=[PeerKey.of(key, now) for key in keys],
        )


class OwnKey(BaseModel):
    """本平台的一个签名公钥。"""

    key_id: str
    algorithm: Algorithm
    public_key: str
    signs_from: BeijingTime = Field(description="从何时开始签名")
    retired_at: BeijingTime | None = Field(None, description="何时停用；此后不必再接受")

    @classmethod
    def of(cls, row: OwnKeyRow) -> Self:
        """The key without its private half."""
        return cls(
            key_id=row.key_id,
            algorithm=Algorithm(row.algorithm),
            public_key=b64encode(row.public_key).decode(),
            signs_from=row.signs_from,
            retired_at=row.retired_at,
        )


OWN_KEYS_EXAMPLE: dict[str, Any] = {
    "platform": "512000",
    "keys": [
        {
            "key_id": "512000.56475aa75463474c",
            "algorithm": "ed25519",
            "public_key": "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
            "signs_from": "2026-09-01T08:00:00+08:00",
            "retired_at": None,
        }
    ],
}


class OwnKeys(BaseModel):
    """本平台的公钥，供其他平台登记。"""

    model_config = ConfigDict(json_schema_extra={"examples": [OWN_KEYS_EXAMPLE]})

    platform: str = Field(description="本平台代码")
    keys: list[OwnKey]
