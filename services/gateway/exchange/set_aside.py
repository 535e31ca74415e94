"""What becomes of messages that were set aside: tried again, or dropped by a person."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from services.gateway.exchange.operations import LOCK, Arrived, Place, take_in
from services.gateway.exchange.rules import Standing, poison_in, unsayable_in
from shared.database import Connection
from shared.exchange import Message
from shared.problems import ActRefused, NotFound

FIND = "SELECT from_platform, subject, message_id FROM set_aside WHERE id = $1"
OF_SUBJECT = """DELETE FROM set_aside WHERE from_platform = $1 AND subject = $2
RETURNING id, message_id, subject, sequence, kind, time, payload, reason"""
SAID = "SELECT last, said FROM received WHERE from_platform = $1 AND subject = $2 FOR UPDATE"
NOTE_SAID = "UPDATE received SET said = $3 WHERE from_platform = $1 AND subject = $2"


async def replay(connection: Connection, set_aside_id: UUID, platform: str, place: Place) -> int:
    """Try a message, and those behind it, again; return how many went on.

    Raises `NotFound`, or `ActRefused` where it still cannot be used: then nothing is changed.
    """
    sender, rows = await _take_subject(connection, set_aside_id)
    waiting = await _take_in(connection, sender, rows, platform, place)
    first = rows[0]["message_id"]
    if first in waiting:
        raise ActRefused(f"仍无法处理：{waiting[first]}", allowed=["drop"])
    return len(rows) - len(waiting)


async def drop(connection: Connection, set_aside_id: UUID, platform: str, place: Place) -> UUID:
    """Leave a message out for good, and go on behind it; return its id. Raises `NotFound`."""
    sender, rows = await _take_subject(connection, set_aside_id)
    rest = [row for row in rows if row["id"] != set_aside_id]
    await _take_in(connection, sender, rest, platform, place)
    dropped: UUID = next(row["message_id"] for row in rows if row["id"] == set_aside_id)
    return dropped


async def _take_subject(connection: Connection, set_aside_id: UUID) -> tuple[str, list[Any]]:
    found = await connection.fetchrow(FIND, set_aside_id)
    if found is None:
        raise NotFound
    await connection.execute(LOCK, found["from_platform"])
    rows = await connection.fetch(OF_SUBJECT, found["from_platform"], found["subject"])
    if all(row["id"] != set_aside_id for row in rows):
        raise NotFound
    return found["from_platform"], sorted(rows, key=lambda row: row["sequence"])


async def _take_in(
    connection: Connection, sender: str, rows: Sequence[Any], platform: str, place: Place
) -> dict[UUID, str]:
    if not rows:
        return {}
    subject = rows[0]["subject"]
    row = await connection.fetchrow(SAID, sender, subject)
    assert row is not None, "what is set aside was received"
    standing = Standing(row["last"], said=row["said"])
    arrived = [_arrived(sender, platform, one) for one in rows]
    waiting = await take_in(connection, sender, arrived, {subject: standing}, place)
    await connection.execute(NOTE_SAID, sender, subject, standing.said)
    return waiting


def _arrived(sender: str, platform: str, row: Any) -> Arrived:  # noqa: ANN401  a record
    message = Message.model_validate(
        {
            "id": row["message_id"],
            "from": sender,
            "to": platform,
            "subject": row["subject"],
            "sequence": row["sequence"],
            "time": row["time"],
            "kind": row["kind"],
            "payload": orjson.loads(row["payload"]),
        }
    )
    # Its digest was kept when it came, and is not looked at again.
    poison = unsayable_in(row["payload"]) or poison_in(message.kind, message.payload)
    return Arrived(message, row["payload"], b"", poison)
