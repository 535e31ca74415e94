"""Secrets of subscriptions, sealed with the gateway's key."""

import hashlib
import hmac
from uuid import UUID

from shared.crypto import sealing
from shared.crypto.international import AesCipher
from shared.crypto.master import MasterKeyMissing
from shared.crypto.provider import CannotOpen
from shared.settings import Settings

PURPOSE = b"subscriptions"
FIRST_PURPOSE = b"hotline-12345 subscriptions"


def seal(secret: bytes, subscription_id: UUID, *, settings: Settings) -> bytes:
    """The secret, readable only with the key and for this subscription."""
    return sealing.seal(settings, secret, purpose=PURPOSE, owner=subscription_id.bytes)


def unseal(sealed: bytes, subscription_id: UUID, *, settings: Settings) -> bytes:
    """The secret again.

    Raises `CannotOpen` where it was changed or moved, `MasterKeyMissing` where its key is gone.
    """
    try:
        return sealing.unseal(settings, sealed, purpose=PURPOSE, owner=subscription_id.bytes)
    except (CannotOpen, MasterKeyMissing) as error:
        # Those of the first release name no key and begin with anything; a cipher knows its own.
        key = hmac.digest(settings.token_secret.encode(), FIRST_PURPOSE, hashlib.sha256)
        try:
            return AesCipher(key).open(sealed, subscription_id.bytes)
        except CannotOpen:
            raise error from None
