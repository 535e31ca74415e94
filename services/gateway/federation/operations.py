"""What the exchange asks of federation: what becomes of messages, and whose places are ours."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import orjson

from services.gateway.exchange.rules import ERASED
from services.gateway.federation.rules import CROSSING, Fate, fate
from shared.crossing import FORWARD, Forward
from shared.database import Connection
from shared.erasure import Words, statement
from shared.events.intake import TicketErased
from shared.exchange import Kind, Message

KIND = "SELECT kind FROM peers WHERE code = $1"
CROSSED = """SELECT origin_ticket AS id, false AS is_ours FROM forwarded_in
WHERE peer = $1 AND origin_ticket = ANY($2::uuid[])
UNION SELECT ticket_id, true FROM forwarded_out WHERE peer = $1 AND ticket_id = ANY($2::uuid[])"""
EXPECT = """INSERT INTO forwarded_in (peer, origin_ticket, told)
SELECT $1, * FROM unnest($2::uuid[], $3::jsonb[])
ON CONFLICT (peer, origin_ticket) DO UPDATE SET told = forwarded_in.told || excluded.told"""
HOSTED = "SELECT code FROM routes WHERE target = 'hosted'"
ERASE = statement(
    Words("forwarded_in", json=("told",), where="origin_ticket = ANY($1::uuid[]) AND peer = $2")
)
BESIDE = {"title", "content", "place", "sealed_caller"}
"""What of a forward is kept nowhere but in the ticket that comes of it."""


async def sort_messages(
    connection: Connection, sender: str, messages: Sequence[Message]
) -> Mapping[UUID, Fate]:
    """What becomes of messages that `sender` sent, by their ids, while they are being taken.

    A ticket that is forwarded is noted at once, so that what follows it in the same request is
    known to be about it.
    """
    kind = await connection.fetchval(KIND, sender)
    if kind is None:
        return {}
    forwards = {
        ticket: told
        for message in messages
        if message.kind is Kind.FORWARD
        and (ticket := ticket_in(message.subject)) is not None
        and (told := _told(message)) is not None
    }
    if forwards:
        await connection.execute(EXPECT, sender, list(forwards), list(forwards.values()))
    gone = [ticket_in(one.subject) for one in messages if one.payload.type == TicketErased.type]
    if gone:
        await connection.execute(ERASE, gone, sender)
    crossed = await _find_crossed(connection, sender, messages)
    return {one.id: _fate(kind, one, crossed) for one in messages}


async def hosted_places(connection: Connection) -> Collection[str]:
    """The codes of the places that this platform answers for besides its own (F2)."""
    return [row["code"] for row in await connection.fetch(HOSTED)]


def ticket_in(subject: str) -> UUID | None:
    """The ticket that a message is about, where its subject is one."""
    try:
        return UUID(subject)
    except ValueError:
        return None


def _fate(peer_kind: str, message: Message, crossed: Mapping[UUID, bool]) -> Fate:
    ticket = ticket_in(message.subject)
    is_crossing = ticket in crossed
    is_forward = message.payload.type in (FORWARD, ERASED)
    if message.kind is Kind.FORWARD and not (is_crossing and is_forward):
        return Fate.UNKNOWN
    is_ours = ticket is not None and crossed.get(ticket, False)
    return fate(peer_kind, message.kind, is_crossing=is_crossing, is_ours=is_ours)


async def _find_crossed(
    connection: Connection, sender: str, messages: Sequence[Message]
) -> Mapping[UUID, bool]:
    """Which tickets crossed between us and the sender, and whether they are our own."""
    asked = {
        ticket
        for one in messages
        if one.kind in (*CROSSING, Kind.FORWARD) and (ticket := ticket_in(one.subject)) is not None
    }
    if not asked:
        return {}
    rows = await connection.fetch(CROSSED, sender, sorted(asked))
    return {row["id"]: row["is_ours"] for row in rows}


def _told(message: Message) -> str | None:
    if message.payload.type == ERASED:
        return "{}"
    try:
        read = Forward.model_validate(message.payload.data)
    except ValueError:
        return None
    return orjson.dumps(read.model_dump(mode="json", exclude=BESIDE)).decode()
