"""The issuer's secrets at rest, sealed with the gateway's key."""

from uuid import UUID

from shared.crypto import sealing
from shared.settings import Settings

PURPOSE = b"issuer"


def seal(secret: bytes, owner: UUID, settings: Settings) -> bytes:
    """The secret, readable only with the platform's key and for this owner."""
    return sealing.seal(settings, secret, purpose=PURPOSE, owner=owner.bytes)


def unseal(sealed: bytes, owner: UUID, settings: Settings) -> bytes:
    """The secret again. Raises `CannotOpen`, or `MasterKeyMissing` where its key is gone."""
    return sealing.unseal(settings, sealed, purpose=PURPOSE, owner=owner.bytes)
