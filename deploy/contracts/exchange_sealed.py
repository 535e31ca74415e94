"""Worked examples of a sealed caller in the exchange's specification, byte for byte.

What is random in life is given here: no suite makes the same twice, and a reader wants to.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import gmalg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from services.intake.exchange_keys.rules import Crossing
from shared.crypto.provider import Suite

SENDER, RECEIVER, PURPOSE = "512000", "510000", "转办工单，与诉求人联系"
TICKET = UUID("019f3a52-7c1e-7b40-9d11-5f0c2e6a8b01")
KEY_IDS = {
    Suite.INTERNATIONAL: UUID("019f3a62-2c1e-7b40-9d11-5f0c2e6a8d10"),
    Suite.NATIONAL: UUID("019f3a62-2c1e-7b40-9d11-5f0c2e6a8d11"),
}
PLAIN = json.dumps(
    {"name": "某人", "phone": "13800000000", "address": None, "contact": None},
    ensure_ascii=False,
    separators=(",", ":"),
).encode()
PRIVATE = bytes(range(32, 64))
"""The receiver's, of both suites; of nobody: it is printed."""
EPHEMERAL = bytes(range(64, 96))
"""The sender's for this one message."""
CONTENT_KEY, NONCE = bytes(range(96, 112)), bytes(range(112, 124))
KEM_ID, SUITE_ID = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"


class Sealed(NamedTuple):
    """What is sealed, and each value on the way there by its name."""

    sealed: bytes
    steps: tuple[tuple[str, bytes], ...]


def crossing(suite: Suite) -> Crossing:
    """Whose identity crosses from where to where in the example."""
    return Crossing(SENDER, RECEIVER, TICKET, KEY_IDS[suite], PURPOSE)


def international() -> Sealed:
    """HPKE in base mode (RFC 9180 4.1, 5.1, 5.2) with a given ephemeral key."""
    ephemeral = X25519PrivateKey.from_private_bytes(EPHEMERAL)
    public = X25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
    enc = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    secret = _expand(_extract(b"", b"eae_prk", shared, KEM_ID), b"shared_secret",
                     enc + public, 32, KEM_ID)  # fmt: skip
    hashes = [
        _extract(b"", label, content, SUITE_ID)
        for label, content in ((b"psk_id_hash", b""), (b"info_hash", _info(Suite.INTERNATIONAL)))
    ]
    context = b"\0" + b"".join(hashes)
    root = _extract(secret, b"secret", b"", SUITE_ID)
    key = _expand(root, b"key", context, 32, SUITE_ID)
    nonce = _expand(root, b"base_nonce", context, 12, SUITE_ID)
    content = AESGCM(key).encrypt(nonce, PLAIN, b"")
    return Sealed(
        enc + content,
        (
            *(("接收方公钥 pkR", public), ("临时私钥 skE", EPHEMERAL), ("封装的公钥 enc", enc)),
            *(("shared_secret", secret), ("key", key), ("base_nonce", nonce)),
            ("密文和标签", content),
        ),
    )


def national() -> Sealed:
    """SM2 for a given content key with a given k, and SM4-GCM with a given nonce."""
    _, public = gmalg.SM2(rnd_fn=lambda _: int.from_bytes(PRIVATE)).generate_keypair()
    taken = gmalg.SM2(pk=public, rnd_fn=lambda _: int.from_bytes(EPHEMERAL))
    wrapped: bytes = taken.encrypt(CONTENT_KEY)
    encryptor = Cipher(SM4(CONTENT_KEY), GCM(NONCE)).encryptor()
    encryptor.authenticate_additional_data(wrapped + _info(Suite.NATIONAL))
    content = encryptor.update(PLAIN) + encryptor.finalize() + encryptor.tag
    return Sealed(
        wrapped + NONCE + content,
        (
            *(("接收方公钥", public), ("SM2 加密的随机数 k", EPHEMERAL)),
            *(("SM4 密钥", CONTENT_KEY), ("C1", wrapped[:65]), ("C3", wrapped[65:97])),
            *(("C2", wrapped[97:]), ("GCM 随机数", NONCE), ("密文和标签", content)),
        ),
    )


EXAMPLES = {Suite.INTERNATIONAL: international, Suite.NATIONAL: national}


def sealed_part() -> Iterator[str]:
    """Both examples, step by step."""
    yield from (f"明文（两套相同，UTF-8，{len(PLAIN)} 字节，末尾没有换行）：", "")
    yield from ("```json", PLAIN.decode(), "```", "")
    for suite, make in EXAMPLES.items():
        made = make()
        steps = (
            ("接收方私钥", PRIVATE),
            *made.steps[:1],
            (f"info（{len(_info(suite))} 字节）", _info(suite)),
            *made.steps[1:],
        )
        yield from (f"**`{suite}`**（均为十六进制；私钥和随机数人人可见，绝不可用于生产）", "")
        yield from ("| 名称 | 值 |", "| --- | --- |")
        yield from (f"| {name} | `{value.hex()}` |" for name, value in steps)
        told = {
            "key_id": str(KEY_IDS[suite]),
            "sealed": base64.b64encode(made.sealed).decode(),
            "purpose": PURPOSE,
        }
        yield from ("", "`sealed_caller`：", "")
        yield from ("```json", json.dumps(told, ensure_ascii=False, indent=2), "```", "")


def _info(suite: Suite) -> bytes:
    return crossing(suite).bound()


def _extract(salt: bytes, label: bytes, content: bytes, suite_id: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite_id + label + content, hashlib.sha256)


def _expand(key: bytes, label: bytes, info: bytes, length: int, suite_id: bytes) -> bytes:
    """HKDF-Expand of one block: nothing here is longer."""
    labelled = length.to_bytes(2) + b"HPKE-v1" + suite_id + label + info
    return hmac.digest(key, labelled + b"\x01", hashlib.sha256)[:length]
