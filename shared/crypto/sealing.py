"""Sealing with a secret of the settings itself: for the few secrets that the gateway keeps."""

from shared.crypto.blobs import HEADER_BYTES, read_header, write_header
from shared.crypto.master import MasterKeyMissing, read_secrets
from shared.crypto.provider import Suite
from shared.crypto.suites import PROVIDERS
from shared.settings import Settings

TOKEN_SECRET = 0
"""The version that stands for `token_secret`: what seals where `sealing_keys` is empty."""


def seal(settings: Settings, content: bytes, *, purpose: bytes, owner: bytes) -> bytes:
    """The content, readable only with the settings' key, for this purpose and owner."""
    secrets, provider = _secrets(settings), PROVIDERS[settings.crypto_suite]
    cipher = provider.cipher(provider.derive_key(secrets[max(secrets)], purpose))
    return header(settings) + cipher.seal(content, header(settings) + owner)


def header(settings: Settings) -> bytes:
    """How what is sealed now begins."""
    return write_header(settings.crypto_suite, max(_secrets(settings)))


def unseal(settings: Settings, sealed: bytes, *, purpose: bytes, owner: bytes) -> bytes:
    """The content again.

    Raises `MasterKeyMissing` for a key that the settings do not have, `CannotOpen` for what was
    changed or moved.
    """
    suite, version = read_header(sealed)
    secret = _secrets(settings).get(version)
    if secret is None:
        raise MasterKeyMissing(version)
    provider = PROVIDERS[Suite(suite)]
    cipher = provider.cipher(provider.derive_key(secret, purpose))
    return cipher.open(sealed[HEADER_BYTES:], sealed[:HEADER_BYTES] + owner)


def _secrets(settings: Settings) -> dict[int, str]:
    return {TOKEN_SECRET: settings.token_secret} | read_secrets(settings.sealing_keys)
