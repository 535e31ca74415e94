"""What a move writes; hold the locks on the clocks."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.sla.operations import columns
from services.sla.orders.operations import lock_orders
from shared.database import Connection

# As dispatch keeps it: back at the place that accepted it, no other place handles it.
RECORD_MOVE = """UPDATE clocks c SET handled_in = nullif(m.place, c.jurisdiction)
FROM unnest($1::uuid[], $2::text[]) AS m (ticket_id, place) WHERE c.ticket_id = m.ticket_id"""
# Lists are looked up by place, so each row has its own, as it has its `jurisdiction`.
CARRY = """UPDATE {} o SET handled_in = c.handled_in FROM clocks c
WHERE c.ticket_id = ANY($1::uuid[]) AND o.ticket_id = c.ticket_id"""
CARRIED_TO = ("extensions", "limits", "orders")


class Move(NamedTuple):
    """A place of this platform handles a ticket from now on."""

    ticket_id: UUID
    place: str


async def record_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """Note where tickets are handled; pack, calendar and times stay those of `jurisdiction`."""
    await connection.execute(RECORD_MOVE, *columns(moves))
    # Who drafts an order holds no lock on the clock: without this one it might keep the old place.
    await lock_orders(connection)
    for table in CARRIED_TO:
        await connection.execute(CARRY.format(table), [move.ticket_id for move in moves])
