"""Taking messages of other platforms: each once, in order, a request at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.gateway.exchange.erasing import erase_received
from services.gateway.exchange.rules import Book, Seen, Standing, Verdict
from services.gateway.federation.rules import Fate
from shared.database import Connection
from shared.events.envelope import Event
from shared.events.gateway import MessageReceived, MessageSetAside
from shared.events.intake import TicketErased
from shared.exchange import LineStatus, Message
from shared.outbox import add_many

# One request of a sender after the other: what it says of one subject is judged in its order.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('exchange from ' || $1, 0))"
# LIMIT keeps the look-ups one by one: joined, all rows of the sender would be read for each.
STANDINGS = """SELECT r.*, EXISTS (
    SELECT FROM set_aside s WHERE s.from_platform = $1 AND s.subject = r.subject) AS is_waiting
FROM unnest($2::text[]) AS w (subject) CROSS JOIN LATERAL (
    SELECT subject, last, pruned, said FROM received
    WHERE from_platform = $1 AND subject = w.subject LIMIT 1) r"""
BY_ID = """SELECT m.* FROM unnest($2::uuid[]) AS w (id) CROSS JOIN LATERAL (
    SELECT id, subject, sequence, digest FROM received_messages
    WHERE from_platform = $1 AND id = w.id LIMIT 1) m"""
BY_PLACE = """SELECT m.* FROM unnest($2::text[], $3::int[]) AS w (subject, sequence)
CROSS JOIN LATERAL (SELECT id, subject, sequence, digest FROM received_messages
    WHERE from_platform = $1 AND (subject, sequence) = (w.subject, w.sequence) LIMIT 1) m"""
MOVE_ON = """INSERT INTO received (from_platform, subject, last, said)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[])
ON CONFLICT (from_platform, subject) DO UPDATE SET last = excluded.last, said = excluded.said"""
KEEP = """INSERT INTO received_messages (from_platform, id, subject, sequence, kind, time, digest)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[], $5::text[], $6::timestamptz[],
    $7::bytea[])"""
SET_ASIDE = """INSERT INTO set_aside
    (id, from_platform, message_id, subject, sequence, kind, time, payload, reason)
SELECT id, $1, message_id, subject, sequence, kind, time, payload, reason
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::timestamptz[],
    $8::text[], $9::text[])
    AS g (id, message_id, subject, sequence, kind, time, payload, reason)"""
DELIVER = """INSERT INTO deliveries
    (from_platform, message_id, subject, sequence, kind, time, payload)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[], $5::text[], $6::timestamptz[],
    $7::text[]) ON CONFLICT DO NOTHING"""
NOTE_RECEIVED = """INSERT INTO exchange_states (peer, last_received_at)
VALUES ($1, clock_timestamp())
ON CONFLICT (peer) DO UPDATE SET last_received_at = excluded.last_received_at"""

Sorter = Callable[[Connection, str, Sequence[Message]], Awaitable[Mapping[UUID, Fate]]]
"""Says what becomes of messages that can be read, by their ids."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came: the payload canonical, as it was sent."""

    message: Message
    payload: str
    digest: bytes
    poison: str | None


class Place(NamedTuple):
    """Who we are and what time it is: `now` is none in ordinary life."""

    source: str
    sort: Sorter
    now: datetime | None


async def receive(
    connection: Connection, sender: str, arrived: Sequence[Arrived], place: Place
) -> list[Verdict]:
    """Take what is new, in the connection's transaction; one verdict for each."""
    await connection.execute(LOCK, sender)
    book = await _open_book(connection, sender, arrived)
    verdicts = [
        book.take(one.message.id, Seen(one.message.subject, one.message.sequence, one.digest))
        for one in arrived
    ]
    fresh = [
        one
        for one, verdict in zip(arrived, verdicts, strict=True)
        if verdict.status is LineStatus.ACCEPTED
    ]
    waiting = await take_in(connection, sender, fresh, book.standings, place)
    await _keep(connection, sender, fresh, book.standings)
    await connection.execute(NOTE_RECEIVED, sender)
    return [
        Verdict(LineStatus.SET_ASIDE, code=waiting[one.message.id])
        if verdict.status is LineStatus.ACCEPTED and one.message.id in waiting
        else verdict
        for one, verdict in zip(arrived, verdicts, strict=True)
    ]


async def take_in(
    connection: Connection,
    sender: str,
    arrived: Sequence[Arrived],
    standings: Mapping[str, Standing],
    place: Place,
) -> dict[UUID, str]:
    """Say, deliver or set aside what was taken; those set aside, each with why."""
    readable = [one.message for one in arrived if one.poison is None]
    fates = await place.sort(connection, sender, readable)
    said, delivered = list[Event[Any]](), list[Arrived]()
    waiting = dict[UUID, str]()
    aside = list[tuple[Arrived, str | None]]()
    now = await now_of(connection, place)
    for one in arrived:
        message, standing = one.message, standings[one.message.subject]
        fate = fates.get(message.id, Fate.UNKNOWN)
        if standing.is_waiting:
            aside.append((one, None))
            waiting[message.id] = "前面有搁置的消息，依序等候"
        elif one.poison is not None or fate is Fate.UNKNOWN:
            reason = one.poison or "kind: 本平台不接收发送方的此类消息"
            standing.is_waiting = True
            aside.append((one, reason))
            waiting[message.id] = reason
            said.append(_said(sender, standing, _set_aside(one, reason), place, now))
        else:
            if fate in (Fate.MIRROR, Fate.BOTH):
                said.append(_said(sender, standing, _received(one), place, now))
            if fate in (Fate.DELIVER, Fate.BOTH):
                delivered.append(one)
    await _set_all_aside(connection, sender, aside)
    await _deliver(connection, sender, delivered)
    erased = {one.message.subject for one in arrived if _erases(one)}
    await erase_received(connection, [(sender, subject) for subject in sorted(erased)])
    await add_many(connection, said)
    return waiting


async def now_of(connection: Connection, place: Place) -> datetime:
    """What time it is, after the locks."""
    now: datetime = await connection.fetchval(
        "SELECT coalesce($1::timestamptz, clock_timestamp())", place.now
    )
    return now


async def _open_book(connection: Connection, sender: str, arrived: Sequence[Arrived]) -> Book:
    subjects = sorted({one.message.subject for one in arrived})
    rows = await connection.fetch(STANDINGS, sender, subjects)
    standings = {
        row["subject"]: Standing(row["last"], row["pruned"], row["said"], row["is_waiting"])
        for row in rows
    }
    book = Book(standings)
    _note(book, await connection.fetch(BY_ID, sender, [one.message.id for one in arrived]))
    below = [
        one.message
        for one in arrived
        if one.message.id not in book.by_id
        and one.message.subject in standings
        and one.message.sequence <= standings[one.message.subject].last
    ]
    if below:
        places = ([one.subject for one in below], [one.sequence for one in below])
        _note(book, await connection.fetch(BY_PLACE, sender, *places))
    return book


def _note(book: Book, rows: Sequence[Any]) -> None:
    for row in rows:
        book.by_id[row["id"]] = Seen(row["subject"], row["sequence"], bytes(row["digest"]))
        book.by_place[row["subject"], row["sequence"]] = row["id"]


def _erases(one: Arrived) -> bool:
    return one.poison is None and one.message.payload.type == TicketErased.type


def _said(
    sender: str,
    standing: Standing,
    data: MessageReceived | MessageSetAside,
    place: Place,
    now: datetime,
) -> Event[Any]:
    standing.said += 1
    return Event(place.source, f"{sender}/{data.subject}", standing.said, now, data)


def _received(one: Arrived) -> MessageReceived:
    message = one.message
    return MessageReceived(
        from_platform=message.from_platform,
        message_id=message.id,
        kind=message.kind,
        body=one.payload,
        subject=message.subject,
        sequence=message.sequence,
        sent_at=message.time,
    )


def _set_aside(one: Arrived, reason: str) -> MessageSetAside:
    message = one.message
    return MessageSetAside(
        from_platform=message.from_platform,
        message_id=message.id,
        reason=reason,
        kind=message.kind,
        subject=message.subject,
    )


async def _keep(
    connection: Connection,
    sender: str,
    fresh: Sequence[Arrived],
    standings: Mapping[str, Standing],
) -> None:
    if not fresh:
        return
    messages = [one.message for one in fresh]
    subjects = sorted({message.subject for message in messages})
    await connection.execute(
        MOVE_ON,
        sender,
        subjects,
        [standings[subject].last for subject in subjects],
        [standings[subject].said for subject in subjects],
    )
    await connection.execute(KEEP, sender, *_columns(messages), [one.digest for one in fresh])


async def _set_all_aside(
    connection: Connection, sender: str, aside: Sequence[tuple[Arrived, str | None]]
) -> None:
    if aside:
        await connection.execute(
            SET_ASIDE,
            sender,
            [uuid7() for _ in aside],
            *_columns([one.message for one, _ in aside]),
            [one.payload for one, _ in aside],
            [reason for _, reason in aside],
        )


async def _deliver(connection: Connection, sender: str, delivered: Sequence[Arrived]) -> None:
    if delivered:
        columns = _columns([one.message for one in delivered])
        await connection.execute(DELIVER, sender, *columns, [one.payload for one in delivered])


def _columns(messages: Sequence[Message]) -> tuple[list[Any], ...]:
    return (
        [message.id for message in messages],
        [message.subject for message in messages],
        [message.sequence for message in messages],
        [message.kind for message in messages],
        [message.time for message in messages],
    )
