"""What a suite of algorithms can do; who uses it knows no algorithm by name."""

from enum import StrEnum
from typing import NamedTuple, Protocol

NONCE_BYTES = 12
"""Random, and first in what a cipher seals."""


class Suite(StrEnum):
    """Which algorithms: AES-256-GCM, SHA-256, Ed25519, HPKE; or SM4-GCM, SM3, SM2."""

    INTERNATIONAL = "international"
    NATIONAL = "national"


class CannotOpen(Exception):
    """It was changed, belongs to something else, or was sealed with another key."""


class KeyPair(NamedTuple):
    """A private key as its provider keeps it, and the public one as others get it."""

    private: bytes
    public: bytes


class Cipher(Protocol):
    """One key, ready to seal and open."""

    def seal(self, content: bytes, bound: bytes) -> bytes:
        """The content, unreadable, and of no use beside anything else than `bound`."""

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """The content again. Raises `CannotOpen`."""


class Provider(Protocol):
    """One suite.

    Keys are bytes that the provider alone understands: the key itself, or a hardware module's
    name for it. A module's provider answers `new_key`, `derive_key` and the pairs with names.
    """

    @property
    def suite(self) -> Suite:
        """Which one it is."""

    def new_key(self) -> bytes:
        """A fresh random key for `cipher`."""

    def derive_key(self, secret: str, purpose: bytes) -> bytes:
        """The key for `cipher` that a secret of the settings stands for, one a purpose."""

    def cipher(self, key: bytes) -> Cipher:
        """A key, ready for use."""

    def digest(self, content: bytes) -> bytes:
        """The hash of a content, 32 bytes."""

    def keyed_digest(self, key: bytes, content: bytes) -> bytes:
        """The hash that only who has the key can make (HMAC), 32 bytes."""

    def new_signing_pair(self) -> KeyPair:
        """A fresh pair to sign and verify with."""

    def sign(self, private: bytes, content: bytes) -> bytes:
        """A signature of 64 bytes."""

    def is_signed(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether the signature is of this content by this key; false for what is no key."""

    def new_exchange_pair(self) -> KeyPair:
        """A fresh pair by which others seal something for its owner alone."""

    def seal_for(self, public: bytes, content: bytes, bound: bytes) -> bytes:
        """The content for a pair's owner, bound to what both know. `ValueError`: no key."""

    def open_from(self, private: bytes, sealed: bytes, bound: bytes) -> bytes:
        """What somebody sealed for us. Raises `CannotOpen`."""
