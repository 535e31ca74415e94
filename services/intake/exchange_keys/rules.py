"""What a caller's identity is bound to on its way to another platform. Pure."""

from typing import NamedTuple
from uuid import UUID

OPENS_DAYS = 30
"""So long a retired key opens what was sealed for it before and came late."""


class Crossing(NamedTuple):
    """Whose identity crosses: from where to where, of which ticket there, why."""

    sender: str
    """Code of the platform that seals; the ticket is its own."""
    receiver: str
    """Code of the platform that opens."""
    ticket_id: UUID
    key_id: UUID
    purpose: str

    def bound(self) -> bytes:
        """The parts with NUL between, in UTF-8: the `info` of HPKE (docs/privacy.md)."""
        parts = ("hotline-12345 caller v1", self.sender, self.receiver, str(self.ticket_id))
        return "\0".join((*parts, str(self.key_id), self.purpose)).encode()
