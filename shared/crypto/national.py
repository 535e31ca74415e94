"""SM4-GCM and SM3 of OpenSSL, SM2 of gmalg (GB/T 32905, 32907, 32918).

SM2 here is plain Python: right, but not of constant time. Where the law asks for certified
products, a hardware module takes this provider's place.
"""

import os

import gmalg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from gmalg.errors import GMError

from shared.crypto.provider import NONCE_BYTES, CannotOpen, KeyPair, Suite

KEY_BYTES = 16
TAG_BYTES = 16
NUMBER_BYTES = 32
UNCOMPRESSED = 0x04
WRAPPED_BYTES = 1 + 2 * NUMBER_BYTES + NUMBER_BYTES + KEY_BYTES
"""An SM4 key encrypted by SM2: point, hash, key (C1 C3 C2)."""
USER_ID = b"1234567812345678"
"""The identity that GM/T 0009 says where two parties agreed on none."""


class Sm4Cipher:
    """One SM4 key."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def seal(self, content: bytes, bound: bytes) -> bytes:
        """SM4-GCM under a random nonce."""
        nonce = os.urandom(NONCE_BYTES)
        encryptor = BlockCipher(self._algorithm, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound)
        return nonce + encryptor.update(content) + encryptor.finalize() + encryptor.tag

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """The content again. Raises `CannotOpen`."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise CannotOpen
        nonce, tag = sealed[:NONCE_BYTES], sealed[-TAG_BYTES:]
        decryptor = BlockCipher(self._algorithm, GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound)
        content = decryptor.update(sealed[NONCE_BYTES:-TAG_BYTES])
        try:
            return content + decryptor.finalize()
        except InvalidTag as error:
            raise CannotOpen from error


class National:
    """The suite of the national algorithms."""

    suite = Suite.NATIONAL

    def new_key(self) -> bytes:
        """128 random bits."""
        return os.urandom(KEY_BYTES)

    def derive_key(self, secret: str, purpose: bytes) -> bytes:
        """The first half of HMAC-SM3 of the purpose under the secret."""
        return self.keyed_digest(secret.encode(), b"hotline-12345 " + purpose)[:KEY_BYTES]

    def cipher(self, key: bytes) -> Sm4Cipher:
        """SM4-GCM with this key."""
        return Sm4Cipher(key)

    def digest(self, content: bytes) -> bytes:
        """SM3."""
        made = hashes.Hash(hashes.SM3())
        made.update(content)
        return made.finalize()

    def keyed_digest(self, key: bytes, content: bytes) -> bytes:
        """HMAC-SM3."""
        made = hmac.HMAC(key, hashes.SM3())
        made.update(content)
        return made.finalize()

    def new_signing_pair(self) -> KeyPair:
        """An SM2 pair: the number, and the point uncompressed."""
        private, public = gmalg.SM2().generate_keypair()
        return KeyPair(_number(private), public)

    def sign(self, private: bytes, content: bytes) -> bytes:
        """SM2 with SM3: r and s."""
        r, s = gmalg.SM2(private, USER_ID).sign(content)
        return _number(r) + _number(s)

    def is_signed(self, public: bytes, content: bytes, signature: bytes) -> bool:
        """Whether SM2 says so."""
        if len(signature) != 2 * NUMBER_BYTES or not _is_point(public):
            return False
        key = gmalg.SM2(uid=USER_ID, pk=public)
        is_right: bool = key.verify(content, signature[:NUMBER_BYTES], signature[NUMBER_BYTES:])
        return is_right

    def new_exchange_pair(self) -> KeyPair:
        """An SM2 pair."""
        return self.new_signing_pair()

    def seal_for(self, public: bytes, content: bytes, bound: bytes) -> bytes:
        """A digital envelope: SM2 encrypts an SM4 key, that key the content. `ValueError`."""
        if not _is_point(public):
            raise ValueError("no point of the curve of SM2")
        key = self.new_key()
        wrapped: bytes = gmalg.SM2(pk=public).encrypt(key)
        return wrapped + Sm4Cipher(key).seal(content, wrapped + bound)

    def open_from(self, private: bytes, sealed: bytes, bound: bytes) -> bytes:
        """What is in the envelope. Raises `CannotOpen`."""
        wrapped, inner = sealed[:WRAPPED_BYTES], sealed[WRAPPED_BYTES:]
        if len(wrapped) < WRAPPED_BYTES or wrapped[0] != UNCOMPRESSED:
            raise CannotOpen
        try:
            key: bytes = gmalg.SM2(private).decrypt(wrapped)
        except GMError as error:
            raise CannotOpen from error
        return Sm4Cipher(key).open(inner, wrapped + bound)


def _number(written: bytes) -> bytes:
    """A number at its full length: the library leaves leading zeros away."""
    return written.rjust(NUMBER_BYTES, b"\0")


def _is_point(public: bytes) -> bool:
    """Whether it is an uncompressed point of the curve: nothing else is taken from others."""
    if len(public) != 1 + 2 * NUMBER_BYTES or public[0] != UNCOMPRESSED:
        return False
    try:
        is_valid: bool = gmalg.SM2().verify_pk(public)
    except (GMError, ValueError):
        return False
    return is_valid
