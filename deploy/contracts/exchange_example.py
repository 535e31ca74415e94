"""Worked examples of signatures and digests in the exchange's specification."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver

from deploy.contracts.exchange_schemas import example_of
from services.gateway.peers.profile import PROFILE_EXAMPLE, SIGNATURE
from services.gateway.peers.rules import Algorithm
from services.gateway.peers.signing import ALGORITHMS, COVERED, LABEL, LIFETIME, TAG
from shared.events.catalogue import PAYLOADS
from shared.exchange import canonical, digest_of, sum_of

METHOD, URL = "POST", "https://hotline.example/v1/exchange/messages"
KEY_ID, NONCE = "512000-2026-1", "exampleNonce-0000000001"
CREATED = datetime(2026, 10, 9, 1, 2, 3, tzinfo=UTC)
PRIVATE = bytes(range(32))
"""Of nobody: a key that is printed."""


class _OneKey(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ANN401
        return PRIVATE


class _Call:
    method, url = METHOD, URL

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}


def example_body() -> bytes:
    """The body that is signed."""
    message = example_of(PAYLOADS["ticket.signed"])
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def example_headers() -> dict[str, str]:
    """The headers that sign it."""
    call = _Call()
    HTTPMessageSigner(
        signature_algorithm=ALGORITHMS[Algorithm.ED25519], key_resolver=_OneKey()
    ).sign(
        call,
        key_id=KEY_ID,
        created=CREATED,
        expires=CREATED + LIFETIME,
        nonce=NONCE,
        label=LABEL,
        tag=TAG,
        covered_component_ids=COVERED,
        body=example_body(),
    )
    return call.headers


def profile_part() -> Iterator[str]:
    """The example of what a platform says of itself, and of what it signs."""
    told = {name: value for name, value in PROFILE_EXAMPLE.items() if name != SIGNATURE}
    yield from ("```json", json.dumps(PROFILE_EXAMPLE, ensure_ascii=False, indent=2), "```", "")
    yield from (
        "所签的字节（去掉 `signature`，RFC 8785 规范化，UTF-8，没有换行）；私钥同第 3.3 节算例：",
        "",
    )
    yield from ("```json", canonical(told).decode(), "```")


def digest_part() -> Iterator[str]:
    """The example of digests and their sum."""
    first = example_of(PAYLOADS["ticket.signed"])
    second = example_of(PAYLOADS["ticket.replied"]) | {"id": "019f3a70-0002-7000-8000-000000000002"}
    digests = []
    for number, message in enumerate((first, second), 1):
        payload = canonical(message["payload"])
        digest = digest_of(UUID(message["id"]), payload)
        digests.append(digest)
        yield from (f"消息{number}：`id` 为 `{message['id']}`，`payload` 规范化后为", "")
        yield from ("```json", payload.decode(), "```", "")
        yield from (f"其 SHA-256 为 `{hashlib.sha256(payload).hexdigest()}`，", "")
        yield from (f"摘要为 `{digest.hex()}`。", "")
    yield f"若两条同属一个 `kind`，则 `count` 为 2，`digest` 为 `{sum_of(digests)}`。"


def signature_part() -> Iterator[str]:
    """The example for the page: key, body, signature base, headers."""
    key = Ed25519PrivateKey.from_private_bytes(PRIVATE)
    headers = example_headers()
    _, _, params = headers["Signature-Input"].partition("=")
    values = (METHOD, "hotline.example", "/v1/exchange/messages", "?", headers["Content-Digest"])
    covered = (*COVERED, "content-digest")
    base = [f'"{name}": {value}' for name, value in zip(covered, values, strict=True)]
    yield from ("测试私钥（32 字节种子，十六进制；人人可见，绝不可用于生产）：", "")
    yield from ("```text", PRIVATE.hex(), "```", "", "对应公钥（base64，32 字节）：", "")
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    yield from ("```text", public, "```", "")
    body = example_body()
    yield from (f"请求内容（UTF-8，{len(body)} 字节，末尾没有换行）：", "")
    yield from ("```json", body.decode(), "```", "")
    yield from ("签名基（每行以单个 LF 分隔，末尾没有换行；最后一行很长）：", "")
    yield from ("```text", *base, f'"@signature-params": {params}', "```", "")
    yield from ("发出的请求：", "", "```http", "POST /v1/exchange/messages HTTP/1.1")
    yield from ("Host: hotline.example", "Content-Type: application/json")
    yield from (*(f"{name}: {value}" for name, value in headers.items()), "```")
