"""Which units an event is for, and what they read of it. Pure."""

from typing import Any, NamedTuple

from shared.events.callers import TicketAttached, TicketHandedOver, TicketScreened
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketForwarded,
    TicketReopened,
    TicketReplied,
    TicketReturnDecided,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAmended, TicketCreated, TicketFollowedUp, TicketRated
from shared.events.loop import (
    TicketAskedAgain,
    TicketConcluded,
    TicketCoordinated,
    TicketCoReplied,
    TicketCoSigned,
    TicketCoUnitsChosen,
    TicketDeclined,
    TicketLinked,
    TicketRecalled,
    TicketSplit,
)
from shared.events.sla import (
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketDueSoon,
    TicketExtensionDecided,
    TicketLimitDecided,
    TicketOverdue,
)
from shared.events.words import ReturnDecision

TOLD: tuple[type[Payload], ...] = (
    *(TicketCreated, TicketAmended, TicketAttached),
    *(TicketDispatched, TicketSigned, TicketReturnDecided, TicketReplied, TicketReopened),
    *(TicketWithdrawn, TicketClosed, TicketTerminated, TicketForwarded, TicketRecalled),
    *(TicketDeclined, TicketConcluded, TicketHandedOver),
    *(TicketLinked, TicketSplit, TicketAskedAgain, TicketCoordinated),
    *(TicketCoUnitsChosen, TicketCoSigned, TicketCoReplied),
    *(TicketDueSoon, TicketOverdue, TicketExtensionDecided, TicketLimitDecided),
    *(TicketClockPaused, TicketClockResumed, TicketDeadlineMoved),
    *(TicketFollowedUp, TicketRated, TicketScreened),
)
"""What units' systems are told of; to some it only says who has the ticket."""

HIDDEN = frozenset({"caller_id", "about_unit", "policy"})
"""What no unit's system reads of an event."""
WORDS = (
    *("number", "jurisdiction", "request_type", "urgency", "is_enforcement", "title", "content"),
    *("category", "place", "secrecy", "is_mediation"),
)
"""What a unit reads of a request."""
TOPIC = "unit."


class Holders(NamedTuple):
    """Who has a ticket: the unit, and those that handle with it."""

    unit: str | None = None
    co_units: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Everybody, the unit first."""
        return (*((self.unit,) if self.unit else ()), *self.co_units)

    def without(self, unit: str) -> "Holders":
        """Those that are left where this unit may have it no more (XS 三(四))."""
        others = tuple(one for one in self.co_units if one != unit)
        return Holders(None if self.unit == unit else self.unit, others)


def holders_after(before: Holders, data: Payload) -> Holders:
    """Who has the ticket after an event."""
    match data:
        case TicketDispatched():
            return Holders(data.unit, data.co_units)
        # Nobody reads what complains of themselves (XS 三(四)).
        case TicketHandedOver(to_unit=str(unit), about_unit=about) if about == unit:
            return Holders()
        # What goes to 110's platform as a ticket is read by its system (ZY 34).
        case TicketHandedOver(to_unit=str(unit)) | TicketConcluded(to_unit=str(unit)):
            return Holders(unit)
        case TicketCoUnitsChosen():
            return Holders(data.lead, data.co_units)
        case TicketReturnDecided(decision=decision) if decision is not ReturnDecision.REJECTED:
            return Holders()
        case TicketCoordinated() | TicketLinked() | TicketRecalled():
            return Holders()
        case TicketAmended(about_unit=str(about)):
            return before.without(about)
        # What went with another ticket is its unit's once that answered for it (A8).
        case TicketReplied() if before.unit is None:
            return Holders(data.unit)
        case _:
            return before


def readers(before: Holders, data: Payload) -> tuple[str, ...]:
    """Whom an event is for: those that have the ticket before or after it."""
    return tuple(dict.fromkeys((*holders_after(before, data).all(), *before.all())))


def taken_from(before: Holders, data: Payload) -> tuple[str, ...]:
    """Who loses the ticket because it complains of them, or of a unit above (XS 三(四))."""
    if not isinstance(data, TicketAmended | TicketRecalled):
        return ()
    kept = holders_after(before, data).all()
    return tuple(unit for unit in before.all() if unit not in kept)


def words_of(data: Payload) -> dict[str, Any]:
    """A request's words as a unit reads them."""
    return {k: v for k, v in data.model_dump(mode="json").items() if k in WORDS}


def told(data: Payload) -> dict[str, Any]:
    """What a unit reads of an event.

    Of a correction that names the unit complained of nothing: a unit below that one may still have
    the ticket. Who keeps it reads what changed in the ticket's words.
    """
    if isinstance(data, TicketAmended) and data.about_unit is not None:
        return {}
    found = data.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in found.items() if name not in HIDDEN}


def topic_of(unit: str) -> str:
    """A unit's own topic; signs that Kafka does not take are written as their code points."""
    return TOPIC + "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "._-") else f"-{ord(sign):x}"
        for sign in unit
    )
