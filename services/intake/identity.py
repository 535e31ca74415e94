"""Callers' identities: sealed with AES-GCM, found again by a keyed hash of the number."""

import hashlib
import hmac
import os
from typing import TypedDict
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_VERSION = b"\x01"


class Identity(TypedDict, total=False):
    """What intake alone knows of a caller."""

    name: str
    phone: str
    address: str
    contact: str
    """Another way to reach them: a mail address, an account of a messenger."""


class Vault:
    """Seals and opens identities with keys made from one secret."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derive(secret, b"seal"))
        self._index_key = _derive(secret, b"index")
        self.query_code_key = _derive(secret, b"query-code")

    def seal(self, identity: Identity, ticket_id: UUID) -> bytes:
        """The identity, readable only with the key and for this ticket."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, orjson.dumps(identity), ticket_id.bytes)
        return KEY_VERSION + nonce + sealed

    def open(self, sealed: bytes, ticket_id: UUID) -> Identity:
        """The identity of a ticket. Raises `InvalidTag` where it was changed or moved."""
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        identity: Identity = orjson.loads(self._cipher.decrypt(nonce, body, ticket_id.bytes))
        return identity

    def seal_bytes(self, content: bytes, owner: UUID) -> bytes:
        """Something else that is secret, readable only with the key and for its owner."""
        nonce = os.urandom(NONCE_BYTES)
        return KEY_VERSION + nonce + self._cipher.encrypt(nonce, content, owner.bytes)

    def open_bytes(self, sealed: bytes, owner: UUID) -> bytes:
        """What was sealed for this owner. Raises `InvalidTag` where it was changed or moved."""
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        return self._cipher.decrypt(nonce, body, owner.bytes)

    def phone_index(self, phone: str) -> bytes:
        """The same for the same number, and of no use without the key."""
        return hmac.digest(self._index_key, phone.encode(), hashlib.sha256)


def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"hotline-12345 " + purpose, hashlib.sha256)
