"""Files of tickets that cross: what a platform was told of, and what it told of.

A message names a file and its digest; the content is fetched where it is. In the caller's
transaction, all of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from shared.crossing import File, file_of
from shared.database import Connection
from shared.events.callers import TicketAttached

NOTE = """INSERT INTO files_out (peer, ticket_id, attachment, sha256, told, is_named)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::bool[])
ON CONFLICT (peer, ticket_id, attachment)
DO UPDATE SET is_named = files_out.is_named OR excluded.is_named"""
NOTED = "SELECT told FROM files_out WHERE peer = $1 AND ticket_id = $2"
NAME = """UPDATE files_out o SET is_named = true
FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS n (peer, ticket_id, attachment)
WHERE (o.peer, o.ticket_id, o.attachment) = (n.peer, n.ticket_id, n.attachment) AND NOT o.is_named
RETURNING o.ticket_id, o.attachment, o.told"""
EXPECT = """INSERT INTO files_in
    (ticket_id, peer, unit, origin_attachment, kind, media_type, bytes, sha256)
SELECT $1, $2, $3, * FROM unnest($4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[])
ON CONFLICT (ticket_id, origin_attachment) DO NOTHING"""
CAME = """SELECT state, attachment, sequence FROM files_in
WHERE ticket_id = $1 AND origin_attachment = ANY($2::uuid[]) ORDER BY origin_attachment"""
FORGET = ("DELETE FROM files_out WHERE ticket_id = ANY($1::uuid[])",
          "DELETE FROM files_in WHERE ticket_id = ANY($1::uuid[])")  # fmt: skip


class Noted(NamedTuple):
    """A file of a ticket, for the platform that the ticket crossed to or came from."""

    peer: str
    ticket_id: UUID
    told: Mapping[str, Any]
    """The data of its `ticket.attached`."""
    is_named: bool


class Came(NamedTuple):
    """What came of files that another platform named."""

    attachments: list[str]
    """Ours that came of them."""
    heard: int
    """How much intake has said of the ticket by the last of them."""
    are_awaited: bool
    """Whether some are still to be fetched."""


async def note(connection: Connection, files: Iterable[Noted]) -> None:
    """Keep which files a platform is told of, or will be where a reply names them."""
    rows: dict[tuple[str, UUID, UUID], Noted] = {}
    for one in files:
        key = (one.peer, one.ticket_id, UUID(one.told["attachment"]))
        rows[key] = one if key not in rows or one.is_named else rows[key]
    if rows:
        peers, tickets, attachments = map(list, zip(*rows, strict=True))
        await connection.execute(
            NOTE,
            *(peers, tickets, attachments),
            [one.told["sha256"] for one in rows.values()],
            [orjson.dumps(one.told).decode() for one in rows.values()],
            [one.is_named for one in rows.values()],
        )


async def noted(connection: Connection, peer: str, ticket_id: UUID) -> list[File]:
    """The files of a ticket that were kept for a platform."""
    rows = await connection.fetch(NOTED, peer, ticket_id)
    return [file_of(orjson.loads(row["told"])) for row in rows]


async def name(
    connection: Connection, files: Sequence[tuple[str, UUID, UUID]]
) -> dict[tuple[UUID, UUID], dict[str, Any]]:
    """A reply names files (peer, ticket, attachment): those that were not named before."""
    if not files:
        return {}
    rows = await connection.fetch(NAME, *map(list, zip(*files, strict=True)))
    return {(row["ticket_id"], row["attachment"]): orjson.loads(row["told"]) for row in rows}


async def expect(
    connection: Connection, ticket_id: UUID, peer: str, unit: str | None, files: Sequence[File]
) -> None:
    """Have files of another platform fetched; `unit` is its own, of tickets at home here."""
    columns = ([getattr(one, field) for one in files] for field in File.model_fields)
    await connection.execute(EXPECT, ticket_id, peer, unit, *columns)


async def came(connection: Connection, ticket_id: UUID, named: Collection[UUID]) -> Came:
    """What came so far of files that another platform named."""
    rows = await connection.fetch(CAME, ticket_id, list(named))
    kept = [row for row in rows if row["state"] == "kept"]
    return Came(
        [str(row["attachment"]) for row in kept],
        max((row["sequence"] for row in kept), default=1),
        any(row["state"] == "waiting" for row in rows),
    )


async def forget(connection: Connection, tickets: Sequence[UUID]) -> None:
    """Keep nothing of the files of erased tickets."""
    for statement in FORGET:
        await connection.execute(statement, tickets)


def told_of(file: File) -> dict[str, Any]:
    """A file as a forward describes it, in the words of `ticket.attached`."""
    told = file.model_dump(mode="json")
    return {"attachment": told.pop("id")} | told


def named_in(told: Mapping[str, Any]) -> list[UUID]:
    """The files that a reply or another paper names: its letter and what is attached to it."""
    given = (*(told.get("attachments") or ()), told.get("letter"))
    return sorted({UUID(str(one)) for one in given if one is not None})


def attached_of(data: TicketAttached) -> dict[str, Any]:
    """The event's data, as it goes to another platform."""
    return data.model_dump(mode="json", exclude_none=True)
