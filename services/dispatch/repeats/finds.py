"""What is found behind the event: each ticket's repeat, and offers of masters (A7, A8)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.dispatch.repeats.features import Frequencies
from services.dispatch.repeats.offers import Candidate, Grouping
from services.dispatch.repeats.queries import find_alike, find_own
from services.dispatch.repeats.rows import NOW, Like
from services.dispatch.repeats.rules import (
    AGAIN_TIMES,
    MATTER_WINDOW,
    MAY_JOIN,
    OFFER_MIN,
    PLACE_SHARE_MANY_CALLERS,
    PLACE_SHARE_SAME_CALLER,
    SAME_CALLER_MIN,
    Text,
    scores,
    wider,
)
from services.dispatch.repeats.terms import area_of, keys_to_ask
from services.dispatch.rules import LAST_STATES
from shared.database import Connection
from shared.events.words import State

KEEP_FINDS = """INSERT INTO repeat_finds (ticket_id, earlier_id, score, found_at)
SELECT *, coalesce($4::timestamptz, clock_timestamp())
FROM unnest($1::uuid[], $2::uuid[], $3::float[])
ON CONFLICT (ticket_id) DO UPDATE SET earlier_id = excluded.earlier_id, score = excluded.score"""
OFFERS_OF = """SELECT ticket_id, offer_id FROM master_offer_tickets
WHERE ticket_id = ANY($1::uuid[])"""
PLACES_OF = "SELECT id, jurisdiction FROM master_offers WHERE id = ANY($1::uuid[])"
KEEP_OFFERS = """INSERT INTO master_offers (id, jurisdiction, offered_at)
SELECT *, coalesce($3::timestamptz, clock_timestamp()) FROM unnest($1::uuid[], $2::text[])"""
KEEP_OFFER_TICKETS = """INSERT INTO master_offer_tickets (ticket_id, offer_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING"""
# What was dismissed with few callers is another question with many.
WIDEN_OFFERS = """UPDATE master_offers o SET jurisdiction = g.jurisdiction, ended_at = NULL,
    dismissed_at = CASE WHEN c.callers < $3 * o.dismissed_callers THEN o.dismissed_at END
FROM unnest($1::uuid[], $2::text[]) AS g (id, jurisdiction) CROSS JOIN LATERAL (
    SELECT count(DISTINCT coalesce(t.caller_id, t.id)) AS callers
    FROM master_offer_tickets m JOIN tickets t ON t.id = m.ticket_id WHERE m.offer_id = g.id) c
WHERE o.id = g.id"""
END_OFFERS = """UPDATE master_offers o SET ended_at = $1
WHERE o.id IN (SELECT id FROM master_offers
    WHERE dismissed_at IS NULL AND ended_at IS NULL AND offered_at < $1::timestamptz - $2::interval
    ORDER BY id LIMIT $3)
AND NOT EXISTS (SELECT FROM master_offer_tickets m JOIN tickets t ON t.id = m.ticket_id
    WHERE m.offer_id = o.id AND t.state = ANY($4::text[]))"""
VOTING_STATES = (*sorted(MAY_JOIN), State.LINKED)
END_BATCH_MAX = 1_000


class Pairing(NamedTuple):
    """A ticket, its caller's earlier one that is most like it, and others' that are like it."""

    ticket: Like
    earlier: tuple[UUID, float] | None
    alike: list[Like]


async def find_batch(
    connection: Connection, tickets: Sequence[Like], known: Frequencies, *, now: datetime | None
) -> None:
    """Find the repeats among new tickets, and group what many callers ask; set-based.

    History is sketched only: nobody can be told of it any more.
    """
    new = [one for one in tickets if one.state not in LAST_STATES]
    if not new:
        return
    own = await find_own(
        connection,
        [(one.id, one.caller_id, one.filed_at) for one in new if one.caller_id is not None],
    )
    texts = {one.id: Text(one.title, one.content, one.place, known) for one in new}
    open_ones = [one for one in new if one.state in VOTING_STATES]
    keys = await asyncio.to_thread(_keys, open_ones, texts)
    alike = await find_alike(connection, keys, states=VOTING_STATES)
    pairings = await asyncio.to_thread(_pair, new, texts, own, alike)
    await _keep_finds(connection, pairings, now=now)
    await _keep_offers(connection, pairings, now=now)


async def end_offers(connection: Connection, *, now: datetime | None) -> None:
    """End offers of the past, of which no ticket waits any more."""
    at = await connection.fetchval(NOW, now)
    await connection.execute(END_OFFERS, at, MATTER_WINDOW, END_BATCH_MAX, sorted(MAY_JOIN))


def _keys(tickets: Sequence[Like], texts: Mapping[UUID, Text]) -> dict[UUID, dict[int, float]]:
    asked = {}
    for one in tickets:
        text, area = texts[one.id], area_of(one.jurisdiction)
        asked[one.id] = keys_to_ask(text.features, one.place, text.known, area=area)
    return asked


def _pair(
    tickets: Sequence[Like],
    texts: dict[UUID, Text],
    own: Mapping[UUID, Sequence[Like]],
    alike: Mapping[UUID, Sequence[Like]],
) -> list[Pairing]:
    known = next(iter(texts.values())).known

    def text_of(one: Like) -> Text:
        # A matter of many callers is met again and again in one batch.
        if one.id not in texts:
            texts[one.id] = Text(one.title, one.content, one.place, known)
        return texts[one.id]

    pairings = []
    for ticket in tickets:
        text, mine = texts[ticket.id], own.get(ticket.id, [])
        reached = scores(text, list(map(text_of, mine)), place_share=PLACE_SHARE_SAME_CALLER)
        scored = [(value, one.id) for value, one in zip(reached, mine, strict=True)]
        best, earlier = max(scored, default=(0.0, ticket.id))
        near = [
            one
            for one in alike.get(ticket.id, [])
            if abs(one.filed_at - ticket.filed_at) <= MATTER_WINDOW
        ]
        reached = scores(text, list(map(text_of, near)), place_share=PLACE_SHARE_MANY_CALLERS)
        others = [one for value, one in zip(reached, near, strict=True) if value >= OFFER_MIN]
        found = (earlier, best) if best >= SAME_CALLER_MIN else None
        pairings.append(Pairing(ticket, found, others))
    return pairings


async def _keep_finds(
    connection: Connection, pairings: Sequence[Pairing], *, now: datetime | None
) -> None:
    found = [(one.ticket.id, *one.earlier) for one in pairings if one.earlier is not None]
    if found:
        await connection.execute(KEEP_FINDS, *map(list, zip(*found, strict=True)), now)


async def _keep_offers(
    connection: Connection, pairings: Sequence[Pairing], *, now: datetime | None
) -> None:
    pairings = [one for one in pairings if one.ticket.state in VOTING_STATES]
    seen = {one.id: one for pairing in pairings for one in (pairing.ticket, *pairing.alike)}
    rows = await connection.fetch(OFFERS_OF, list(seen))
    grouping = Grouping({row["ticket_id"]: row["offer_id"] for row in rows})
    for pairing in pairings:
        grouping.add(_candidate(pairing.ticket), map(_candidate, pairing.alike), uuid7())
    places = {
        offer_id: reduce(wider, (seen[one.ticket_id].jurisdiction for one in members))
        for offer_id, members in (grouping.begun | grouping.joined).items()
    }
    for row in await connection.fetch(PLACES_OF, list(grouping.joined)):
        places[row["id"]] = wider(row["jurisdiction"], places[row["id"]])
    begun, joined = list(grouping.begun), list(grouping.joined)
    await connection.execute(KEEP_OFFERS, begun, [places[one] for one in begun], now)
    members = [
        (one.ticket_id, offer_id)
        for offer_id, tickets in (grouping.begun | grouping.joined).items()
        for one in tickets
    ]
    await connection.execute(
        KEEP_OFFER_TICKETS, [one for one, _ in members], [offer_id for _, offer_id in members]
    )
    await connection.execute(WIDEN_OFFERS, joined, [places[one] for one in joined], AGAIN_TIMES)


def _candidate(one: Like) -> Candidate:
    return Candidate(one.id, one.caller_id, one.about_unit)
