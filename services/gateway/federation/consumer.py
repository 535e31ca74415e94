"""What federation does with what it hears: notes forwards, and tells the two platforms concerned.

In the event's own transaction, after the words of tickets were kept and `told` was queued.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.gateway.exchange.consumer import telling
from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.federation import files
from services.gateway.federation.erasing import on_ticket_erased
from services.gateway.federation.rules import (
    BACK,
    ONWARD,
    Peer,
    comes_anew,
    goes_back,
    goes_onward,
    is_theirs,
    leaves,
)
from shared.crossing import platform_of
from shared.database import Connection
from shared.events.callers import TicketAttached
from shared.events.dispatch import (
    TicketDispatched,
    TicketForwarded,
    TicketReturnDecided,
    UnitChanged,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated, TicketErased
from shared.exchange import Kind
from shared.inbox import Handler, Heard

KEEP_UNITS = """INSERT INTO platform_units (code, name, jurisdiction, platform, is_active)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, jurisdiction = excluded.jurisdiction,
    platform = excluded.platform, is_active = excluded.is_active"""
DROP_UNITS = "DELETE FROM platform_units WHERE code = ANY($1::text[])"
NOTE_FORWARDS = """INSERT INTO forwarded_out
    (ticket_id, round, peer, unit, reason, forwarded_at, state)
SELECT *, 'waiting' FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[])
ON CONFLICT (ticket_id, round) DO NOTHING"""
NOTE_FILED = """UPDATE forwarded_in f SET ticket_id = g.ticket_id
FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS g (peer, origin_ticket, ticket_id)
WHERE (f.peer, f.origin_ticket) = (g.peer, g.origin_ticket)"""
FIND_HOMES = """SELECT ticket_id, peer, origin_ticket FROM forwarded_in
WHERE ticket_id = ANY($1::uuid[])"""
# Whoever queues the forward itself holds the row: what was heard before it is in its words.
FIND_AWAY = """SELECT f.ticket_id, f.round, f.state, f.peer, f.unit, p.kind FROM forwarded_out f
LEFT JOIN peers p ON p.code = f.peer
WHERE f.ticket_id = ANY($1::uuid[]) AND f.state <> 'ended'
ORDER BY f.ticket_id, f.round FOR UPDATE OF f"""
END = """UPDATE forwarded_out f SET state = 'ended' FROM unnest($1::uuid[]) AS g (ticket_id)
WHERE f.ticket_id = g.ticket_id AND f.state <> 'ended'"""
SEND_ANEW = """UPDATE forwarded_out f SET state = 'waiting', sends = sends + 1, attempts = 0,
    next_at = clock_timestamp(), reason = g.reason
FROM unnest($1::uuid[], $2::text[]) AS g (ticket_id, reason)
WHERE f.ticket_id = g.ticket_id AND f.state <> 'ended'"""


def crosser(payload: type[Payload]) -> Handler | None:
    """What federation does with an event of this kind; none where it does nothing."""
    if payload is UnitChanged:
        return keep_units
    if payload is TicketForwarded:
        return note_forwards
    if payload is TicketCreated:
        return note_filed
    if payload is TicketDispatched:
        return end_rounds
    if payload is TicketErased:
        return on_ticket_erased
    return cross if issubclass(payload, (*BACK, *ONWARD, TicketReturnDecided)) else None


async def keep_units(heard: Heard, events: Sequence[Event[UnitChanged]]) -> None:
    """Keep which units stand for which platform."""
    data = [event.data for event in events]
    standing = [
        (one.code, one.name, one.jurisdiction, one.platform, one.is_active)
        for one in data
        if one.platform is not None
    ]
    if standing:
        await heard.connection.execute(KEEP_UNITS, *map(list, zip(*standing, strict=True)))
    others = [one.code for one in data if one.platform is None]
    if others:
        await heard.connection.execute(DROP_UNITS, others)


async def note_forwards(heard: Heard, events: Sequence[Event[TicketForwarded]]) -> None:
    """Note which tickets must go to other platforms; a task prepares and queues them."""
    rows = [
        (UUID(e.subject), e.data.round or 1, e.data.to_platform, e.data.unit or "", e.data.reason)
        for e in events
    ]
    columns = map(list, zip(*rows, strict=True))
    await heard.connection.execute(NOTE_FORWARDS, *columns, [event.time for event in events])


async def note_filed(heard: Heard, events: Sequence[Event[TicketCreated]]) -> None:
    """Note which ticket of ours came of a forward, before anything else of it is heard."""
    filed = [
        (origin.platform, origin.ticket_id, UUID(event.subject))
        for event in events
        if (origin := event.data.origin) is not None
    ]
    if filed:
        await heard.connection.execute(NOTE_FILED, *map(list, zip(*filed, strict=True)))


async def end_rounds(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """What was forwarded before goes to another unit now."""
    await heard.connection.execute(END, [UUID(event.subject) for event in events])


async def cross(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Tell the platform where a ticket is at home, and the one that handles it."""
    tellings: list[Telling] = []
    if isinstance(events[0].data, TicketAttached):
        tellings += await _note_files(heard.connection, events)
    if any(goes_back(event.data) for event in events):
        tellings += await _back(heard.connection, events)
    if isinstance(events[0].data, (*ONWARD, TicketReturnDecided)):
        tellings += await _onward(heard.connection, events)
    await queue(heard.connection, tellings)


async def _note_files(connection: Connection, events: Sequence[Event[Any]]) -> list[Telling]:
    """Keep who may fetch files: who handles the ticket, and its home once a reply names them.

    What a third platform sent was named there, and may come after its reply went on: its home is
    told at once.
    """
    tickets = [UUID(event.subject) for event in events]
    homes = {str(row["ticket_id"]): row for row in await connection.fetch(FIND_HOMES, tickets)}
    away = {str(row["ticket_id"]): row for row in await connection.fetch(FIND_AWAY, tickets)}
    found, passed = [], []
    for event in events:
        ticket, told = UUID(event.subject), files.attached_of(event.data)
        home, there = homes.get(event.subject), away.get(event.subject)
        if home is not None and event.data.unit is not None:
            is_thirds = platform_of(event.data.attached_by) not in (None, home["peer"])
            found.append(files.Noted(home["peer"], ticket, told, is_named=is_thirds))
            if is_thirds:
                origin, one = str(home["origin_ticket"]), telling(home["peer"], event)
                passed.append(replace(one, subject=origin, key=f"{one.key} back to {origin}"))
        if there is not None and not is_theirs(there["peer"], event.data):
            is_named = there["state"] == "queued"
            found.append(files.Noted(there["peer"], ticket, told, is_named=is_named))
    await files.note(connection, found)
    return passed


async def _back(connection: Connection, events: Sequence[Event[Payload]]) -> list[Telling]:
    rows = await connection.fetch(FIND_HOMES, [UUID(event.subject) for event in events])
    homes = {str(row["ticket_id"]): row for row in rows}
    going = [(e, homes[e.subject]) for e in events if e.subject in homes and goes_back(e.data)]
    told = [(home, telling(home["peer"], event)) for event, home in going]
    named = [
        (home["peer"], home["ticket_id"], attachment)
        for home, one in told
        for attachment in files.named_in(one.data)
    ]
    new = await files.name(connection, named)
    found = []
    for home, one in told:
        ticket, back = home["ticket_id"], f"back to {home['origin_ticket']}"
        message = replace(one, subject=str(home["origin_ticket"]), key=f"{one.key} {back}")
        for attachment in files.named_in(one.data):
            # What was named before is there already.
            if (ticket, attachment) in new:
                data, key = new.pop((ticket, attachment)), f"file {attachment} of {ticket} {back}"
                found.append(
                    replace(message, kind=Kind.ACT, key=key, type=TicketAttached.type, data=data)
                )
        found.append(message)
    return found


async def _onward(connection: Connection, events: Sequence[Event[Any]]) -> list[Telling]:
    rows = await connection.fetch(FIND_AWAY, [UUID(event.subject) for event in events])
    away = {str(row["ticket_id"]): row for row in rows}
    found, ended, anew = [], [], []
    for event in events:
        row = away.get(event.subject)
        if row is None:
            continue
        if comes_anew(event.data):
            anew.append((row["ticket_id"], event.data.reason))
        if leaves(event.data):
            ended.append(row["ticket_id"])
        # What is not queued yet carries all this in itself, or never goes.
        peer = Peer(row["peer"], row["kind"] or "", frozenset((row["unit"],)))
        if row["state"] == "queued" and goes_onward(peer, event):
            found.append(telling(row["peer"], event))
    if ended:
        await connection.execute(END, ended)
    if anew:
        await connection.execute(SEND_ANEW, *map(list, zip(*anew, strict=True)))
    return found
