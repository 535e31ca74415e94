"""Callers' identities: sealed with data keys, found again by a keyed hash of the number."""

from typing import TypedDict
from uuid import UUID

import orjson

from services.intake.keys.models import Purpose
from services.intake.keys.refusals import BadSeal
from services.intake.keys.ring import KeyRing
from shared.crypto.provider import CannotOpen
from shared.runtime import Runtime


class Identity(TypedDict, total=False):
    """What intake alone knows of a caller."""

    name: str
    phone: str
    address: str
    contact: str
    """Another way to reach them: a mail address, an account of a messenger."""


class Vault:
    """Seals and opens identities. `ready` goes before whatever is not awaited."""

    def __init__(self, runtime: Runtime) -> None:
        self.ring = KeyRing(runtime)

    async def ready(self) -> None:
        """Have the keys; without a connection in hand. Raises `KeyUnavailable`."""
        await self.ring.ready()

    def seal(self, identity: Identity, ticket_id: UUID) -> bytes:
        """The identity, readable only with the key and for this ticket."""
        return self.seal_bytes(orjson.dumps(identity), ticket_id)

    async def open(self, sealed: bytes, ticket_id: UUID) -> Identity:
        """The identity of a ticket. Raises `BadSeal` where it was changed or moved."""
        identity: Identity = orjson.loads(await self.open_bytes(sealed, ticket_id))
        return identity

    def seal_bytes(self, content: bytes, owner: UUID) -> bytes:
        """Something else that is secret, readable only with the key and for its owner."""
        header, cipher = self.ring.sealing()
        return header + cipher.seal(content, header + owner.bytes)

    async def open_bytes(self, sealed: bytes, owner: UUID) -> bytes:
        """What was sealed for this owner. Raises `BadSeal` where it was changed or moved."""
        try:
            return await self.ring.open(sealed, owner.bytes)
        except CannotOpen as error:
            raise BadSeal from error

    def phone_index(self, phone: str) -> bytes:
        """The same for the same number, and of no use without the key."""
        return self.ring.keyed_digest(Purpose.INDEX, phone.encode())

    @property
    def query_code_key(self) -> bytes:
        """What query codes are made with."""
        return self.ring.key(Purpose.QUERY_CODE)
