"""What a peer is, how its keys are named, and when a key is good. Pure."""

import hashlib
from datetime import datetime
from enum import StrEnum

from shared.crypto.provider import Suite


class PeerKind(StrEnum):
    """What another platform is to this one."""

    PARENT = "parent"
    CHILD = "child"
    NEIGHBOUR = "neighbour"
    SUBCENTER = "subcenter"


class Algorithm(StrEnum):
    """How a key signs; the name stands in `alg`."""

    ED25519 = "ed25519"
    SM2 = "sm2"


class KeyState(StrEnum):
    """Whether a key opens the door."""

    VALID = "valid"
    EARLY = "early"
    EXPIRED = "expired"
    REVOKED = "revoked"


CHINESE = {
    PeerKind.PARENT: "上级平台",
    PeerKind.CHILD: "下级平台",
    PeerKind.NEIGHBOUR: "相邻平台",
    PeerKind.SUBCENTER: "分中心",
}
CHINESE_STATES = {
    KeyState.VALID: "有效",
    KeyState.EARLY: "尚未生效",
    KeyState.EXPIRED: "已过期",
    KeyState.REVOKED: "已吊销",
}
OF_SUITE = {Suite.INTERNATIONAL: Algorithm.ED25519, Suite.NATIONAL: Algorithm.SM2}
PUBLIC_BYTES = {Algorithm.ED25519: 32, Algorithm.SM2: 65}
KEY_ID_PATTERN = r"^[0-9A-Za-z._-]{1,100}$"


def key_id(platform: str, public: bytes) -> str:
    """The name of a key: whose it is, and the beginning of its hash."""
    return f"{platform}.{hashlib.sha256(public).hexdigest()[:16]}"


def key_state(
    now: datetime,
    *,
    valid_from: datetime,
    valid_until: datetime | None,
    revoked_at: datetime | None,
) -> KeyState:
    """Whether a key is good at a time."""
    if revoked_at is not None:
        return KeyState.REVOKED
    if now < valid_from:
        return KeyState.EARLY
    if valid_until is not None and now >= valid_until:
        return KeyState.EXPIRED
    return KeyState.VALID
