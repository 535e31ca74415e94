"""Which tickets are offered as one matter: each new one joins, begins an offer, or waits. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from services.dispatch.repeats.rules import OFFER_CALLERS_MIN, VOTES_MIN


class Candidate(NamedTuple):
    """A ticket that may go with others."""

    ticket_id: UUID
    caller_id: UUID | None
    about_unit: str | None
    """Only complaints of the same unit go together (XS 三(四))."""


@dataclass
class Grouping:
    """The offers that tickets are in, and what one batch adds to them.

    A ticket is in one offer at most. Offers never merge: who decides sees both.
    """

    offer_of: dict[UUID, UUID]
    begun: dict[UUID, list[Candidate]] = field(default_factory=dict)
    joined: dict[UUID, list[Candidate]] = field(default_factory=dict)

    def add(self, ticket: Candidate, alike: Iterable[Candidate], new_id: UUID) -> UUID | None:
        """Put a ticket beside those that are like it; `new_id` is that of a new offer.

        Returns the offer that it is in now. Work grows with the tickets alike, not with offers.
        """
        if ticket.ticket_id in self.offer_of:
            return self.offer_of[ticket.ticket_id]
        fitting = [one for one in alike if one.about_unit == ticket.about_unit]
        offer_id = _most_voted(self.offer_of, fitting)
        if offer_id is not None:
            self._put(offer_id, [ticket])
            return offer_id
        free = [one for one in fitting if one.ticket_id not in self.offer_of]
        if count_callers([ticket, *free]) < OFFER_CALLERS_MIN:
            return None
        self.begun[new_id] = []
        self._put(new_id, [ticket, *free])
        return new_id

    def _put(self, offer_id: UUID, tickets: Iterable[Candidate]) -> None:
        into = self.begun if offer_id in self.begun else self.joined
        for ticket in tickets:
            into.setdefault(offer_id, []).append(ticket)
            self.offer_of[ticket.ticket_id] = offer_id


def count_callers(tickets: Iterable[Candidate]) -> int:
    """How many callers; of unknown ones, each is another."""
    return len({one.caller_id or one.ticket_id for one in tickets})


def _most_voted(offer_of: Mapping[UUID, UUID], alike: Iterable[Candidate]) -> UUID | None:
    votes = Counter(
        offer_of[one.ticket_id] for one in alike if one.ticket_id in offer_of
    ).most_common(1)
    return votes[0][0] if votes and votes[0][1] >= VOTES_MIN else None
