"""How pushing goes on after a failure, and how a push is signed. Pure."""

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

ATTEMPTS_MAX = 12
"""In a row; with the delays between them this is about a day and a half."""
DELAY_MAX = timedelta(hours=6)
LEASE = timedelta(seconds=60)
"""For so long one worker has a subscription; longer than one push may take."""
PUSH_SECONDS_MAX = 10
PUSH_ITEMS_MAX = 100
SIGNATURE_HEADER = "Hotline-Signature"


class SubscriptionState(StrEnum):
    """Whether a subscription is pushed."""

    ACTIVE = "active"
    DEAD = "dead"
    STOPPED = "stopped"


CHINESE = {
    SubscriptionState.ACTIVE: "推送中",
    SubscriptionState.DEAD: "多次失败，已停推",
    SubscriptionState.STOPPED: "已停用",
}


def delay(attempts: int, jitter: float) -> timedelta:
    """How long to wait after so many failures in a row; `jitter` is in [0, 1)."""
    seconds = min(2.0 ** (2 * attempts), DELAY_MAX.total_seconds())
    return timedelta(seconds=seconds * (0.5 + jitter / 2))


def signature(secret: bytes, body: bytes, *, at_seconds: int) -> str:
    """What the header says of a body: the second, and HMAC-SHA256 over second, dot and body."""
    signed = hmac.digest(secret, str(at_seconds).encode() + b"." + body, hashlib.sha256)
    return f"t={at_seconds},v1={signed.hex()}"


def wrong_url(url: str) -> str | None:
    """Why nothing can be pushed to an address, in Chinese; none where it can."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return "不是有效的地址"
    if not is_whole or not has_port:
        return "须为 http 或 https 地址，例如 https://unit.example/hotline"
    if parts.username or parts.password:
        return "地址中不得带用户名或口令，身份由签名证明"
    return None
