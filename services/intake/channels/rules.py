"""What opens a door, and what a message is that does not say."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.events.words import Channel, RequestType, Urgency

TYPES: Mapping[Channel, RequestType] = {Channel.MAYOR_MAILBOX: RequestType.SUGGESTION}
"""What most users of a channel want, where it is not the ordinary thing: to be helped."""
INBOUND = (
    Channel.VOICEMAIL,
    Channel.WEB,
    Channel.APP,
    Channel.MINI_PROGRAM,
    Channel.SMS,
    Channel.EMAIL,
    Channel.WECHAT,
    Channel.WEIBO,
    Channel.LETTER,
    Channel.FAX,
    Channel.MAYOR_MAILBOX,
    Channel.PARTNER,
    Channel.SYSTEM,
)
"""Channels by which programs bring messages; telephone calls are filed by people."""
TIMESTAMP_LENGTH_MAX = 12
PUBLIC = "public"
"""Who files and uploads what comes without a token."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message."""

    filename: str | None
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote; it stays in intake, sealed."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What came in, whatever the channel; the same reference again is the same message."""

    channel: Channel
    channel_ref: str
    sender: Sender = field(repr=False)
    text: str = field(repr=False)
    subject: str | None = None
    sent_at: datetime | None = None
    files: tuple[File, ...] = ()
    request_type: RequestType | None = None
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    about_unit: str | None = None
    place: Mapping[str, object] | None = None


def type_of(
    message: RequestType | None, source: RequestType | None, channel: Channel
) -> RequestType:
    """What a message is: as it says, else as its source's are, else as its channel's are."""
    return message or source or TYPES.get(channel, RequestType.HELP)


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a message: HMAC-SHA256 over its time, a dot and its body."""
    return hmac.digest(secret, timestamp.encode() + b"." + body, "sha256").hex()


def platform_signature(token: bytes, timestamp: str, nonce: str) -> str:
    """The signature that WeChat and Weibo make: SHA-1 over token, time and nonce, sorted."""
    parts = sorted((token, timestamp.encode(), nonce.encode()))
    return hashlib.sha1(b"".join(parts)).hexdigest()  # noqa: S324  theirs, not ours


def is_equal(one: str, other: str) -> bool:
    """Whether two signatures are equal, in a time that tells nothing."""
    return hmac.compare_digest(one.lower().encode(), other.lower().encode())


def is_timely(timestamp: str, now: datetime, window_seconds: int) -> bool:
    """Whether a message's time (seconds since 1970) is near enough to now, before or after."""
    is_number = timestamp.isascii() and timestamp.isdecimal()
    if not is_number or len(timestamp) > TIMESTAMP_LENGTH_MAX:
        return False
    return abs(now.timestamp() - int(timestamp)) <= window_seconds


def reference_of(*parts: bytes) -> str:
    """A reference for what has none of its own: the same content has the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return f"sha256:{digest.hexdigest()}"
