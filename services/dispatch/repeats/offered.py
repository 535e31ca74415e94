"""Offers of masters as people see them, and dismissing one (A8)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.repeats.features import Frequencies
from services.dispatch.repeats.models import MasterOffer
from services.dispatch.repeats.rows import COLUMNS, NOW, Like, like_of
from services.dispatch.repeats.rules import (
    GROWTH_WINDOW,
    MAY_JOIN,
    OFFER_CALLERS_MIN,
    Grounds,
    Text,
    grounds_of,
)
from services.dispatch.sight.rules import is_seen
from shared.database import Connection
from shared.jurisdictions import covers, prefix
from shared.problems import NotFound, Problem
from shared.runtime import Runtime
from shared.security import Principal

# Waiting are tickets that could still be linked; a ticket that others go with is their master.
OFFERS = """SELECT o.*, s.* FROM master_offers o CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE is_waiting) AS waiting,
        count(DISTINCT coalesce(caller_id, id)) FILTER (WHERE is_waiting) AS callers,
        count(*) FILTER (WHERE is_waiting AND filed_at > $4::timestamptz - $5::interval) AS grown,
        (array_agg(main ORDER BY id) FILTER (WHERE main IS NOT NULL))[1] AS main,
        array_agg(id ORDER BY id DESC) FILTER (WHERE is_waiting) AS tickets
    FROM (SELECT t.id, t.caller_id, coalesce(t.filed_at, t.accepted_at) AS filed_at,
            CASE WHEN t.state = 'linked' THEN t.main END AS main,
            t.state = ANY($6::text[]) AND NOT EXISTS (SELECT FROM tickets l
                WHERE l.main = t.id AND l.state = 'linked') AS is_waiting
        FROM master_offer_tickets m JOIN tickets t ON t.id = m.ticket_id
        WHERE m.offer_id = o.id) members) s
WHERE o.dismissed_at IS NULL AND o.ended_at IS NULL AND starts_with(o.jurisdiction, $1)
    AND ($2::uuid IS NULL OR o.id < $2) AND s.callers >= CASE WHEN s.main IS NULL THEN $7 ELSE 1 END
ORDER BY o.id DESC LIMIT $3"""
TICKETS = f"SELECT {COLUMNS} FROM tickets t WHERE t.id = ANY($1::uuid[]) ORDER BY t.id DESC"
CALLERS = """SELECT count(DISTINCT coalesce(t.caller_id, t.id)) FROM master_offer_tickets m
JOIN tickets t ON t.id = m.ticket_id WHERE m.offer_id = $1"""
SHOWN_TICKETS_MAX = 20
READ_TICKETS_MAX = 6
"""The common words are those of so many of the newest."""


class OfferDismissed(Problem):
    """This offer was dismissed or has ended."""

    status = 409
    code = "offer_dismissed"
    detail = "该合并建议已不予采纳或已结束。"


class Offer(NamedTuple):
    """Tickets that look like one matter, and why."""

    id: UUID
    jurisdiction: str
    offered_at: datetime
    main: UUID | None
    """The master that some of them go with already."""
    waiting: int
    callers: int
    grown: int
    grounds: Grounds
    tickets: list[Like]
    dismissed_because: str | None
    """Why it was dismissed, when there were fewer callers."""


async def list_offers(
    connection: Connection,
    known: Frequencies,
    *,
    caller: Principal,
    jurisdiction: str,
    after: UUID | None,
    limit: int,
    now: datetime | None,
) -> list[Offer]:
    """Open offers whose tickets all lie in a place of the caller's, newest first."""
    at = await connection.fetchval(NOW, now)
    rows = await connection.fetch(
        OFFERS,
        *(prefix(jurisdiction), after, limit, at, GROWTH_WINDOW),
        *(sorted(MAY_JOIN), OFFER_CALLERS_MIN),
    )
    wanted = [one for row in rows for one in row["tickets"][:SHOWN_TICKETS_MAX]]
    tickets = {row["id"]: like_of(row) for row in await connection.fetch(TICKETS, wanted)}
    return [_offer(row, tickets, known, caller) for row in rows]


async def dismiss_offer(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, offer_id: UUID, reason: str
) -> MasterOffer:
    """Set an offer aside; it comes again only with twice the callers.

    Raises `NotFound` where its place is not the caller's, `OfferDismissed` the second time.
    """
    offer = await session.get(MasterOffer, offer_id, with_for_update=True)
    if offer is None or not covers(caller.jurisdiction, offer.jurisdiction):
        raise NotFound
    if offer.dismissed_at is not None or offer.ended_at is not None:
        raise OfferDismissed
    offer.dismissed_at = await runtime.clock.now(session)
    offer.dismissed_by, offer.dismissed_because = caller.subject, reason
    offer.dismissed_callers = await _count_callers(session, offer_id)
    return offer


async def _count_callers(session: AsyncSession, offer_id: UUID) -> int:
    connection = await session.connection()
    counted = await connection.exec_driver_sql(CALLERS, (offer_id,))
    return int(counted.scalar_one())


def _offer(row: Record, tickets: dict[UUID, Like], known: Frequencies, caller: Principal) -> Offer:
    members = [tickets[one] for one in row["tickets"][:SHOWN_TICKETS_MAX]]
    texts = [Text(one.title, one.content, one.place, known) for one in members[:READ_TICKETS_MAX]]
    return Offer(
        **{name: row[name] for name in ("id", "jurisdiction", "offered_at", "main")},
        **{name: row[name] for name in ("waiting", "callers", "grown", "dismissed_because")},
        grounds=grounds_of(texts[0], texts[1:]),
        tickets=[one for one in members if is_seen(one, caller)],
    )
