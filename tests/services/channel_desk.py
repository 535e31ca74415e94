"""Senders of messages: they sign as their platforms do."""

import base64
import hashlib
import time
from typing import Any

import httpx
import orjson

from services.intake.channels.rules import sign

SECRET = "a-secret-of-thirty-two-characters"
PLACE = "512000"


def source(channel: str, **fields: Any) -> dict[str, Any]:
    """A source as an administrator sets it up."""
    return {"name": channel, "channel": channel, "jurisdiction": PLACE, "secret": SECRET} | fields


def signed(body: bytes, secret: str = SECRET, *, at: int | None = None) -> dict[str, str]:
    """The headers that open a door."""
    timestamp = str(int(time.time()) if at is None else at)
    return {"X-Timestamp": timestamp, "X-Signature": sign(secret.encode(), timestamp, body)}


async def push(
    client: httpx.AsyncClient, path: str, body: bytes | dict[str, Any], **options: Any
) -> httpx.Response:
    """A signed message."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.post(
        f"/v1/inbound/{path}", content=content, headers=signed(content, **options)
    )


def platform_query(
    secret: str = SECRET, *, nonce: str = "n1", at: int | None = None
) -> dict[str, str]:
    """The query by which WeChat and Weibo sign."""
    timestamp = str(int(time.time()) if at is None else at)
    whole = "".join(sorted((secret, timestamp, nonce)))
    signature = hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest()
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def wechat(text: str, number: str = "9001", kind: str = "text") -> bytes:
    """A push of WeChat."""
    return (
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser1]]>"
        f"</FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId></xml>"
    ).encode()


def mail(body: bytes, *headers: str, charset: str = "utf-8", kind: str = "text/plain") -> bytes:
    """A mail of one part, sent as base64."""
    lines = (
        "From: =?gb2312?B?zfXPyMn6?= <wang@example.org>",
        "Message-ID: <m1@example.org>",
        "Date: Thu, 01 Oct 2026 09:30:00 +0800",
        *headers,
        f'Content-Type: {kind}; charset="{charset}"',
        "Content-Transfer-Encoding: base64",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + base64.encodebytes(body)
