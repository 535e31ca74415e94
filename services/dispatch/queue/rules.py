"""What goes ahead in the queue. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from shared.events.words import RequestType, Urgency
from shared.moments import is_possible

AT_ONCE = (RequestType.COMPLAINT, RequestType.REPORT)
"""What goes to the competent unit at once, as enforcement cases do (XS 三(四))."""
RANKS = range(4)


class Order(StrEnum):
    """How a list of tickets is ordered."""

    NEWEST = "newest"
    URGENT = "urgent"


class Key(NamedTuple):
    """The place of a ticket in the queue; the smaller goes first."""

    rank: int
    accepted_at: datetime
    id: UUID

    @classmethod
    def read(cls, rank: object, accepted_at: object, ticket_id: object) -> Self:
        """A place that was written into a cursor. Raises `ValueError`."""
        at = datetime.fromisoformat(str(accepted_at))
        if not is_possible(at) or not isinstance(rank, int) or rank not in RANKS:
            raise ValueError("no ticket has this place")
        return cls(rank, at, UUID(str(ticket_id)))

    def written(self) -> tuple[int, str, str]:
        """The place as a cursor holds it."""
        return self.rank, self.accepted_at.isoformat(), str(self.id)


def rank(urgency: Urgency, request_type: RequestType, *, is_enforcement: bool) -> int:
    """0 for 特殊紧急, 1 for 特殊, 2 for what goes at once, 3 for all else; the oldest first.

    The same is written in SQL where the queue is read.
    """
    if urgency is Urgency.CRITICAL:
        return 0
    if urgency is Urgency.SPECIAL:
        return 1
    return 2 if is_enforcement or request_type in AT_ONCE else 3
