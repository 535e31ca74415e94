"""What a platform says of itself under its signature: what it acts on, and keys to seal for it.

Who stands in the way can withhold it, but cannot put a key of his own into it: what is signed is
the document as RFC 8785 writes it, without `signature`. No request that is signed looks like it,
for what RFC 9421 signs begins with a quotation mark.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from services.gateway.peers.signing import ALGORITHMS, SigningKey, VerifyKey
from shared.exchange import PLATFORM_PATTERN, Kind, canonical
from shared.moments import Moment

PROFILE_PATH = "/v1/exchange"
VALID = timedelta(hours=1)
VALID_MAX = timedelta(days=1)
"""An older word of a platform is not believed: keys that it has since retired stand in it."""
SIGNATURE = "signature"
PROFILE_EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "platform": "510000",
    "kinds": [
        *("ticket", "act", "result", "rating", "call"),
        *("article", "order", "directory", "forward"),
    ],
    "sealing_keys": [
        {
            "key_id": "019f3a62-2c1e-7b40-9d11-5f0c2e6a8d10",
            "suite": "international",
            "public_key": "NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlQ=",
        }
    ],
    "valid_until": "2026-10-09T10:02:03+08:00",
    SIGNATURE: {
        "key_id": "510000-2026-1",
        "value": "zJy1rlAoiYHZgl7Zfd/npa9fPs3ubgIiz8tFgtaazzsHKQ+LBcYxCT+Li3QXGjPsPQA2b2uQ86fGT6B1"
        "8SlLCQ==",
    },
}
"""Signed with the key that the specification prints."""


class SealingKey(BaseModel):
    """为本平台加密诉求人身份的一个公钥。"""

    key_id: UUID
    suite: Annotated[str, Field(min_length=1, max_length=40, description="算法")]
    public_key: Annotated[str, Field(min_length=1, max_length=200, description="Base64")]


class ProfileSignature(BaseModel):
    """签名：用哪把已登记的密钥，对去掉 signature 之后的 RFC 8785 规范化形式."""

    key_id: Annotated[str, Field(min_length=1, max_length=100)]
    value: Annotated[Base64Bytes, Field(max_length=200, description="Base64")]


class Profile(BaseModel):
    """平台说明：办理哪些类的消息，用什么公钥为它加密；由平台的签名密钥签名."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_extra={"examples": [PROFILE_EXAMPLE]}
    )

    specversion: Literal["1.0"]
    platform: Annotated[str, Field(pattern=PLATFORM_PATTERN)]
    kinds: Annotated[list[str], Field(max_length=100, description="据以办理的消息大类")]
    sealing_keys: Annotated[
        list[SealingKey], Field(max_length=20, description="加密公钥，最新的在前")
    ]
    valid_until: Annotated[Moment, Field(description="此后须重新读取，最长 24 小时")]
    signature: ProfileSignature


def signed_profile(
    platform: str,
    sealing_keys: Iterable[Mapping[str, Any]],
    key: SigningKey,
    *,
    valid_until: datetime,
) -> dict[str, Any]:
    """What a platform of ours says of itself."""
    told = {
        "specversion": "1.0",
        "platform": platform,
        "kinds": [kind.value for kind in Kind],
        "sealing_keys": [
            {name: one[name] for name in SealingKey.model_fields} for one in sealing_keys
        ],
        "valid_until": valid_until.isoformat(timespec="seconds"),
    }
    value = ALGORITHMS[key.algorithm].provider.sign(key.private, canonical(told))
    return told | {
        SIGNATURE: {"key_id": key.key_id, "value": base64.b64encode(value).decode()},
    }


def is_signed(told: Mapping[str, Any], profile: Profile, key: VerifyKey) -> bool:
    """Whether a profile, as it came and as it was read, is signed with this key."""
    kept = {name: value for name, value in told.items() if name != SIGNATURE}
    try:
        written = canonical(kept)
    except (ValueError, TypeError):
        return False
    provider = ALGORITHMS[key.algorithm].provider
    return provider.is_signed(key.public, written, profile.signature.value)
