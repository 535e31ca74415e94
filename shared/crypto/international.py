"""AES-256-GCM, SHA-256, Ed25519, and HPKE (RFC 9180) over X25519."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.provider import NONCE_BYTES, CannotOpen, KeyPair, Suite

KEY_BYTES = 32
HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class AesCipher:
    """One AES key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, bound: bytes) -> bytes:
        """AES-256-GCM under a random nonce."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """The content again. Raises `CannotOpen`."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen from error


class International:
    """The suite that is used where nothing else is set."""

    suite = Suite.INTERNATIONAL

    def new_key(self) -> bytes:
        """256 random bits."""
        return os.urandom(KEY_BYTES)

    def derive_key(self, secret: str, purpose: bytes) -> bytes:
        """HMAC-SHA256 of the purpose under the secret."""
        return hmac.digest(secret.encode(), b"hotline-12345 " + purpose, hashlib.sha256)

    def cipher(self, key: bytes) -> AesCipher:
        """AES-256-GCM with this key."""
        return AesCipher(key)

    def digest(self, content: bytes) -> bytes:
        """SHA-256."""
        return hashlib.sha256(content).digest()

    def keyed_digest(self, key: bytes, content: bytes) -> bytes:
        """HMAC-SHA256."""
        return hmac.digest(key, content, hashlib.sha256)

    def new_signing_pair(self) -> KeyPair:
        """An Ed25519 pair, raw."""
        private = Ed25519PrivateKey.generate()
        return KeyPair(private.private_bytes_raw(), private.public_key().public_bytes_raw())

    def sign(self, private: bytes, content: bytes) -> bytes:
        """Ed25519."""
        return Ed25519PrivateKey.from_private_bytes(private).sign(content)

    def is_signed(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether Ed25519 says so."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def new_exchange_pair(self) -> KeyPair:
        """An X25519 pair, raw."""
        private = X25519PrivateKey.generate()
        return KeyPair(private.private_bytes_raw(), private.public_key().public_bytes_raw())

    def seal_for(self, public: bytes, content: bytes, bound: bytes) -> bytes:
        """HPKE base mode; `bound` is its info. `ValueError`: no key."""
        return HPKE.encrypt(content, X25519PublicKey.from_public_bytes(public), info=bound)

    def open_from(self, private: bytes, sealed: bytes, bound: bytes) -> bytes:
        """HPKE base mode. Raises `CannotOpen`."""
        key = X25519PrivateKey.from_private_bytes(private)
        try:
            return HPKE.decrypt(sealed, key, info=bound)
        except (InvalidTag, ValueError) as error:
            raise CannotOpen from error
