"""Events as a platform says them: their sizes, their mix, their order in the topic."""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from shared.events.dispatch import TicketDispatched, TicketReplied, TicketSigned
from shared.events.envelope import Event, Payload
from shared.events.intake import Place, TicketCreated
from shared.events.words import Channel, RequestType, Service
from shared.policy.load import pack_for
from shared.runtime import source_of

PLATFORM = "530000"
PLACES = ("512000", "532800", "530000", "620000")
CATEGORIES = tuple(f"{number:02}" for number in range(1, 41))
TYPES = tuple(RequestType)
CONTENT = "幸福小区从昨晚起停水，至今没有恢复，物业说要等管道公司，请尽快处理并答复。" * 3
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
# How many tickets are created before a ticket goes on: to its unit at once, the rest by and by.
AFTER_TICKETS = {TicketDispatched: 50, TicketSigned: 1_000, TicketReplied: 3_000}


def created_events(count: int) -> list[Event[Payload]]:
    """Accepted tickets, of about 1 KB each, all that dispatch must send to a unit."""
    return [_created(number) for number in range(count)]


def lives(tickets: int) -> list[Event[Payload]]:
    """Tickets that are created, dispatched, signed and replied, their lives interleaved."""
    queue: list[tuple[int, int, Event[Payload]]] = []
    for number in range(tickets):
        first = _created(number)
        queue.append((number, 4 * number, first))
        for place, event in enumerate(_acts(first, number), start=1):
            queue.append((number + AFTER_TICKETS[type(event.data)], 4 * number + place, event))
    heapq.heapify(queue)
    return [heapq.heappop(queue)[2] for _ in range(len(queue))]


def unit_of(jurisdiction: str, category: str) -> str:
    """The unit of a place for a category."""
    return f"{jurisdiction}-{category}"


def _created(number: int) -> Event[Payload]:
    jurisdiction = PLACES[number % len(PLACES)]
    data = TicketCreated(
        number=f"{number:016}",
        jurisdiction=jurisdiction,
        request_type=TYPES[number % len(TYPES)],
        title="小区停水",
        content=CONTENT,
        channel=Channel.PHONE,
        category=CATEGORIES[number % len(CATEGORIES)],
        place=Place(address="幸福路 1 号", longitude=104.6278, latitude=30.1289),
        caller_id=UUID(int=number + 1),
        policy=pack_for(jurisdiction).content_hash,
    )
    at = datetime.now(UTC) - timedelta(minutes=30)
    return Event(source_of(PLATFORM, Service.INTAKE), str(uuid4()), 1, at, data, TRACE)


def _acts(first: Event[Payload], number: int) -> Iterator[Event[Payload]]:
    jurisdiction = PLACES[number % len(PLACES)]
    unit = unit_of(jurisdiction, CATEGORIES[number % len(CATEGORIES)])
    acts: list[Payload] = [
        TicketDispatched(
            unit=unit, unit_name="承办单位", round=1, rule=unit, dispatched_by="system"
        ),
        TicketSigned(unit=unit, signed_by="clerk"),
        TicketReplied(
            unit=unit,
            reply=1,
            findings="经查，管道破裂，已抢修。" * 5,
            basis="《城市供水条例》",
            result="已恢复供水。" * 5,
            contact="电话答复",
            replied_by="clerk",
        ),
    ]
    for place, data in enumerate(acts, start=1):
        at = first.time + timedelta(minutes=5 * place)
        yield Event(
            source_of(PLATFORM, Service.DISPATCH), first.subject, place, at, data, first.traceparent
        )
