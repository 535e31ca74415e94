"""What was sent against what is held: sets of tickets and events, service by service.

Everything that the gateway acknowledged, or a service said, must be held once by each service that
it concerns. Missing anywhere is lost; held twice, or said of the same thing twice, is duplicated.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.desk import EventId, Ledger
from deploy.demo.holdings import Holdings, Said
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.catalogue import PAYLOADS
from shared.events.dispatch import CaseDecided, DeadlineJudged, TicketDispatched
from shared.events.intake import (
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRefused,
)
from shared.events.loop import TicketConcluded
from shared.events.sla import DeadlineReached, OrderIssued, TicketOverdue
from shared.events.words import Service
from shared.runtime import source_of

FIRST = (
    *(TicketCreated.type, TicketRefused.type, TicketAnswered.type),
    *(TicketHandedOver.type, TicketRepeatAnswered.type),
)
NOT_IN_TIMELINE = (DeadlineReached.type, DeadlineJudged.type)
TIMELINE = {
    name
    for name, payload in PAYLOADS.items()
    if payload.topic == TicketCreated.topic
    and name not in NOT_IN_TIMELINE
    and (payload.said_by is Service.DISPATCH or Service.DISPATCH in payload.heard_by)
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A thing that is not held as it should be, and where."""

    thing: str
    where: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is wrong."""

    lost: set[Finding] = field(default_factory=set)
    duplicated: set[Finding] = field(default_factory=set)

    @property
    def lost_count(self) -> int:
        """Things that are missing somewhere; one that is missing in two places counts once."""
        return len({finding.thing for finding in self.lost})

    @property
    def duplicated_count(self) -> int:
        """Things that are held twice somewhere."""
        return len({finding.thing for finding in self.duplicated})

    def check(self, where: str, expected: Iterable[Hashable], held: Iterable[Hashable]) -> None:
        """Note what of `expected` is not held, and what is held more often than expected."""
        wanted, found = Counter(iter(expected)), Counter(iter(held))
        self.lost.update(Finding(name_of(thing), where) for thing in wanted - found)
        self.duplicated.update(Finding(name_of(thing), where) for thing in found - wanted)

    def check_once(self, where: str, things: Iterable[Hashable]) -> None:
        """Note what is there more than once."""
        self.duplicated.update(
            Finding(name_of(thing), where) for thing, count in Counter(things).items() if count > 1
        )


def compare(ledger: Ledger, held: Holdings) -> Comparison:
    """Compare what was acknowledged and said with what every service holds."""
    found = Comparison()
    said = held.said
    everything = set(ledger.events) | held.owned | set(said)
    found.check("owner", everything, held.owned)
    found.check("bus", everything, said)
    kinds = ledger.events | {event: one.type for event, one in said.items()}
    _check_heard(found, held, kinds)
    _check_tickets(found, ledger, held, kinds)
    _check_effects(found, held, kinds)
    _check_states(found, held)
    _check_once(found, ledger, held)
    return found


def name_of(thing: Hashable) -> str:
    """A thing in words: its parts."""
    return " ".join(map(str, thing)) if isinstance(thing, tuple) else str(thing)


def _check_heard(found: Comparison, held: Holdings, kinds: Mapping[EventId, str]) -> None:
    """Each event of a topic that a service hears lies at or below what it has heard so far."""
    for service, topics in held.hearing.items():
        for event, kind in kinds.items():
            source, subject, sequence = event
            is_own = source == source_of(held.platform, service)
            if PAYLOADS[kind].topic not in topics or is_own:
                continue
            if sequence > held.heard[service].get((source, subject), 0):
                found.lost.add(Finding(name_of(event), f"{service} heard"))


def _check_tickets(
    found: Comparison, ledger: Ledger, held: Holdings, kinds: Mapping[EventId, str]
) -> None:
    """Each ticket is one row with every service that keeps tickets."""
    created = {event[1] for event, kind in kinds.items() if kind == TicketCreated.type}
    tickets = set(ledger.tickets) | {event[1] for event, kind in kinds.items() if kind in FIRST}
    found.check("intake tickets", tickets, held.intake_tickets)
    found.check("dispatch tickets", tickets, held.dispatch_tickets)
    found.check("analytics facts", tickets, held.facts)
    found.check("sla clocks", created, held.clocks)


def _check_effects(found: Comparison, held: Holdings, kinds: Mapping[EventId, str]) -> None:
    """Each event did once, with every service, what it does there."""
    said = held.said
    found.check(
        "analytics events",
        (event for event, kind in kinds.items() if Service.ANALYTICS in PAYLOADS[kind].heard_by),
        held.stored_events,
    )
    # An order and a case stand under their own keys; their ticket has them in its timeline.
    orders = [
        (one.data["ticket_id"], one.type, one.time)
        for one in said.values()
        if one.type in (OrderIssued.type, CaseDecided.type)
        and one.data.get("ticket_id") is not None
    ]
    found.check("dispatch timeline", _moments(said, TIMELINE) + orders, held.timeline)
    found.check("intake follow-ups", _moments(said, {TicketFollowedUp.type}), held.follow_ups)
    found.check("intake ratings", _moments(said, {TicketRated.type}), held.ratings)
    overdue = [
        (event[1], one.data["step"], one.data["version"])
        for event, one in said.items()
        if one.type == TicketOverdue.type
    ]
    found.check("sla deadlines overdue", overdue, held.overdue)
    uses = Counter(
        one.data["article_id"]
        for one in said.values()
        if one.type in (TicketAnswered.type, TicketConcluded.type)
        and one.data.get("article_id") is not None
    )
    found.check("knowledge uses", uses.elements(), held.article_uses)


def _check_states(found: Comparison, held: Holdings) -> None:
    """Analytics and sla say the same of a ticket as dispatch."""
    # The line's own unit, to which an emergency goes as a ticket, has no figures and no clocks.
    had = {
        event[1]: one.data.get("unit")
        for event, one in held.said.items()
        if one.type in (TicketConcluded.type, TicketHandedOver.type)
    }
    for ticket, kept in held.dispatch_tickets.items():
        standing = kept._replace(unit=had.get(ticket, kept.unit))
        fact, clock = held.facts.get(ticket), held.clocks.get(ticket)
        if fact is not None and not standing.is_fact(fact):
            found.lost.add(Finding(ticket, "analytics facts: another state"))
        if clock is not None and not standing.is_clock(clock):
            found.lost.add(Finding(ticket, "sla clocks: another state"))


def _check_once(found: Comparison, ledger: Ledger, held: Holdings) -> None:
    """What may happen once only, happened once."""
    rounds, deadlines = [], []
    for event, one in held.said.items():
        if one.type == TicketDispatched.type:
            rounds.append((event[1], "round", one.data["round"]))
        if one.type == TicketOverdue.type:
            deadlines.append((event[1], one.data["step"], one.data["version"]))
    found.check_once("said dispatched", rounds)
    found.check_once("said overdue", deadlines)
    found.check_once("dispatch rounds", held.rounds)
    found.check_once("intake references", held.references)
    for reference, tickets in ledger.references.items():
        if len(tickets) > 1:
            found.duplicated.add(Finding(name_of(reference), "acknowledged as two tickets"))


def _moments(said: Mapping[EventId, Said], kinds: set[str]) -> list[tuple[Any, ...]]:
    """Ticket, kind and time of what was said."""
    return [(event[1], one.type, one.time) for event, one in said.items() if one.type in kinds]
