"""What goes on from one platform to others, and the orders that a platform gave to this one."""

from typing import Any, Protocol
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.federation.rules import Peer, passed_on
from services.gateway.peers.rules import PeerKind
from shared.database import Connection
from shared.events.sla import OrderIssued
from shared.exchange import Kind

PEERS = "SELECT code, kind FROM peers WHERE is_active AND url IS NOT NULL ORDER BY code"
KIND = "SELECT kind FROM peers WHERE code = $1"
KEEP_ORDER = """INSERT INTO orders_in (id, peer, subject, told, issued_at)
VALUES ($1, $2, $3, $4::jsonb, coalesce((
    SELECT time FROM deliveries WHERE from_platform = $2 AND message_id = $5), clock_timestamp()))
ON CONFLICT (peer, subject) DO NOTHING"""


class Came(Protocol):
    """A message that came from another platform."""

    @property
    def sender(self) -> str: ...
    @property
    def message_id(self) -> UUID: ...
    @property
    def subject(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def told(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


async def pass_on(connection: Connection, one: Came) -> None:
    """Queue a message for the platforms that are to know of it too, in its order (JL 四(一)3)."""
    rows = await connection.fetch(PEERS)
    time = await connection.fetchval("SELECT clock_timestamp()")
    tellings = [
        Telling(
            peer=row["code"],
            subject=one.subject,
            kind=one.kind,
            time=time,
            key=f"passed on {one.sender} {one.message_id}",
            type=one.told,
            data=one.data,
        )
        for row in rows
        if passed_on(Peer(row["code"], row["kind"]), one.kind, sender=one.sender)
    ]
    await queue(connection, tellings)


async def keep_order(connection: Connection, one: Came) -> None:
    """Keep an order that our parent gave to this platform; others only tell of their own."""
    is_parents = await connection.fetchval(KIND, one.sender) == PeerKind.PARENT
    if one.told == OrderIssued.type and is_parents:
        told = orjson.dumps(one.data).decode()
        values = (uuid7(), one.sender, one.subject, told, one.message_id)
        await connection.execute(KEEP_ORDER, *values)
