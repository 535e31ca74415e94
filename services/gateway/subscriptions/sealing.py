"""Secrets of subscriptions, sealed with a key made from the platform's own."""

import hashlib
import hmac
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
PURPOSE = b"hotline-12345 subscriptions"


def seal(secret: bytes, subscription_id: UUID, *, key: str) -> bytes:
    """The secret, readable only with the key and for this subscription."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, secret, subscription_id.bytes)


def unseal(sealed: bytes, subscription_id: UUID, *, key: str) -> bytes:
    """The secret again. Raises `InvalidTag` where it was changed or moved."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return _cipher(key).decrypt(nonce, body, subscription_id.bytes)


def _cipher(key: str) -> AESGCM:
    return AESGCM(hmac.digest(key.encode(), PURPOSE, hashlib.sha256))
