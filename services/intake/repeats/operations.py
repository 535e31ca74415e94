"""What dispatch says of repeats and terminated matters is kept, and asked when one is filed."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection
from shared.events.dispatch import TicketReopened, TicketTerminated
from shared.events.envelope import Event
from shared.events.kinds import Link
from shared.events.loop import TicketLinked

EARLIER_MAX = 20
"""How far back a chain of repeats is followed."""
KEEP = """INSERT INTO terminated_matters (ticket_id, unit, script, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT (ticket_id) DO UPDATE SET unit = excluded.unit, script = excluded.script,
    at = excluded.at"""
FORGET = "DELETE FROM terminated_matters WHERE ticket_id = ANY($1::uuid[])"
LINK = """UPDATE tickets SET main = l.main FROM unnest($1::uuid[], $2::uuid[]) AS l (id, main)
WHERE tickets.id = l.id"""
# From a ticket back to what it repeats. Where an operator took a terminated matter again, what
# came of that counts, and not what was said before.
FIND = f"""WITH RECURSIVE chain AS (
    SELECT t.id AS first, t.id, t.caller_id, t.number, t.state, 1 AS depth,
        CASE WHEN t.override IS NULL THEN coalesce(t.main, t.repeats) END AS next
    FROM tickets t WHERE t.id = ANY($1::uuid[])
    UNION ALL
    SELECT c.first, t.id, t.caller_id, t.number, t.state, c.depth + 1,
        CASE WHEN t.override IS NULL THEN coalesce(t.main, t.repeats) END
    FROM chain c JOIN tickets t ON t.id = c.next AND t.caller_id = c.caller_id
    WHERE c.depth < {EARLIER_MAX}
)
SELECT f.first AS id, f.caller_id, f.state, m.terminated, m.number, m.script
FROM chain f LEFT JOIN LATERAL (
    SELECT c.id AS terminated, c.number, t.script FROM chain c
    JOIN terminated_matters t ON t.ticket_id = c.id
    WHERE c.first = f.first ORDER BY c.depth LIMIT 1) m ON true
WHERE f.depth = 1"""


class Terminated(NamedTuple):
    """A terminated matter, and the words that answer it (ZY 15)."""

    ticket_id: UUID
    number: str
    script: str


class Earlier(NamedTuple):
    """An earlier ticket that a request is said to repeat."""

    caller_id: UUID | None
    state: str
    terminated: Terminated | None


async def keep_terminated(
    connection: Connection, events: Sequence[Event[TicketTerminated]]
) -> None:
    """Keep what answers a matter that its unit terminated."""
    await connection.execute(
        KEEP,
        [event.subject for event in events],
        [event.data.unit for event in events],
        [event.data.script for event in events],
        [event.time for event in events],
    )


async def forget_terminated(
    connection: Connection, events: Sequence[Event[TicketReopened]]
) -> None:
    """A ticket that is handled again is terminated no more: the filing was not whole."""
    await connection.execute(FORGET, [event.subject for event in events])


async def keep_mains(connection: Connection, events: Sequence[Event[TicketLinked]]) -> None:
    """Keep which ticket a caller's own repeat goes with."""
    repeats = [event for event in events if event.data.kind is Link.REPEAT]
    if repeats:
        await connection.execute(
            LINK, [event.subject for event in repeats], [event.data.main for event in repeats]
        )


async def find_earlier(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Earlier]:
    """The tickets of these ids that there are; one that is not there is not in the answer."""
    rows = await connection.fetch(FIND, list(ids))
    return {
        row["id"]: Earlier(
            row["caller_id"],
            row["state"],
            None
            if row["terminated"] is None
            else Terminated(row["terminated"], row["number"], row["script"]),
        )
        for row in rows
    }
