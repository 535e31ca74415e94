"""Linked tickets follow their main one: answered, closed or split off, whatever their number.

The rows of the main tickets are locked, and say already what became of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from services.dispatch.directory.queries import DutyBook
from services.dispatch.dispatching.by_rule import send_many_by_rule
from services.dispatch.links.rules import Fate, fate, reason_of_split
from services.dispatch.models import ROUND_COLUMNS
from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import lock_ids, time_of_batch
from services.dispatch.timeline.saying import Said, say_many
from shared.events.dispatch import TicketClosed, TicketReplied
from shared.events.kinds import Link
from shared.events.loop import TicketSplit
from shared.events.words import Act, CloseReason, State
from shared.inbox import Heard
from shared.policy.law import Law

LINKED = """SELECT t.id, t.main, t.link_kind, t.replies, m.state AS main_state, m.unit,
    coalesce(t.caller_id = m.caller_id, false) AS is_same_caller, t.origin->>'platform' AS home
FROM tickets t JOIN tickets m ON m.id = t.main
WHERE t.main = ANY($1::uuid[]) AND t.state = 'linked' ORDER BY t.id FOR UPDATE OF t"""
LAST_REPLIES = """SELECT DISTINCT ON (ticket_id) ticket_id, by, detail::text AS detail
FROM timeline WHERE ticket_id = ANY($1::uuid[]) AND event = $2
ORDER BY ticket_id, position DESC"""
REPLY = """UPDATE tickets SET state = $2, unit = g.unit, replied_at = $3, replies = replies + 1,
    answered_at = coalesce(answered_at, $3), responded_at = coalesce(responded_at, $3),
    result_at = coalesce(result_at, $3)
FROM unnest($1::uuid[], $4::text[]) AS g (id, unit) WHERE tickets.id = g.id"""
CLOSE = """UPDATE tickets SET state = $2, unit = g.unit, closed_at = $3
FROM unnest($1::uuid[], $4::text[]) AS g (id, unit) WHERE tickets.id = g.id"""
SPLIT = """UPDATE tickets SET state = $2, main = NULL, link_kind = NULL, linked_at = NULL,
    split_at = $3 WHERE id = ANY($1::uuid[])"""
NO_ROUND = ", ".join(f"{column} = NULL" for column in ROUND_COLUMNS)
"""What a ticket loses that goes with another: it has no unit and no clock of its own."""


class Parted(NamedTuple):
    """A linked ticket that goes its own way, and why."""

    id: UUID
    main: UUID
    reason: str


class Follower(NamedTuple):
    """A linked ticket and its main one, both locked."""

    id: UUID
    main: UUID
    link_kind: Link
    replies: int
    main_state: State
    unit: str | None
    is_same_caller: bool
    home: str | None


async def follow(heard: Heard, main_ids: Sequence[UUID], *, law: Law, source: str) -> None:
    """Let go with their main tickets what is linked to them (A8); set-based.

    One reply answers every member, each with an event of its own; a caller's own repeats close
    with the main ticket; where it can answer no more, all are split off.
    """
    if not main_ids:
        return
    rows = await heard.connection.fetch(LINKED, list(main_ids))
    fates: dict[Fate, list[Follower]] = {}
    for one in map(_follower, rows):
        found = fate(one.link_kind, one.main_state, is_same_caller=one.is_same_caller)
        if found is not None:
            fates.setdefault(found, []).append(one)
    if not fates:
        return
    at = await time_of_batch(heard)
    if replied := fates.get(Fate.REPLIED):
        await _reply(heard, replied, source=source, at=at)
    if closed := fates.get(Fate.CLOSED):
        await _close(heard, closed, source=source, at=at)
    if split := fates.get(Fate.SPLIT):
        parted = [Parted(one.id, one.main, reason_of_split(one.main_state)) for one in split]
        await split_off(heard, parted, law=law, source=source, at=at)


async def split_off(
    heard: Heard, parted: Sequence[Parted], *, law: Law, source: str, at: datetime
) -> None:
    """Let linked tickets, whose rows are locked, wait for dispatch anew; a rule may match them."""
    if not parted:
        return
    ids = [one.id for one in parted]
    await heard.connection.execute(SPLIT, ids, TRANSITIONS[State.LINKED, Act.SPLIT], at)
    said = []
    for one in parted:
        data = TicketSplit(main=one.main, reason=one.reason, split_by=SYSTEM)
        detail = {"main": str(one.main)}
        said.append(Said(one.id, data, by=SYSTEM, text=one.reason, detail=detail))
    await say_many(heard, said, source=source, at=at)
    waiting = list((await lock_ids(heard, ids)).values())
    book = await DutyBook().read(heard.connection)
    await send_many_by_rule(heard, waiting, book=book, law=law, source=source, at=at, traces={})


async def _reply(heard: Heard, members: Sequence[Follower], *, source: str, at: datetime) -> None:
    mains = list({one.main for one in members})
    rows = await heard.connection.fetch(LAST_REPLIES, mains, TicketReplied.type)
    replies = {row["ticket_id"]: (row["by"], orjson.loads(row["detail"])) for row in rows}
    units = [one.unit for one in members]
    replied = TRANSITIONS[State.LINKED, Act.REPLY]
    await heard.connection.execute(REPLY, [one.id for one in members], replied, at, units)
    said = []
    for one in members:
        by, elements = replies[one.main]
        told = {"replied_by": by} | elements | {"reply": one.replies + 1}
        data = TicketReplied(unit=_unit(one), asked_by=one.home, **_payload(told))
        detail = told | {"main": str(one.main)}
        said.append(Said(one.id, data, by=by, text=data.result, detail=detail))
    await say_many(heard, said, source=source, at=at)


async def _close(heard: Heard, repeats: Sequence[Follower], *, source: str, at: datetime) -> None:
    closed, units = TRANSITIONS[State.LINKED, Act.CLOSE], [one.unit for one in repeats]
    await heard.connection.execute(CLOSE, [one.id for one in repeats], closed, at, units)
    reason = CloseReason.WITH_MAIN
    said = [
        Said(
            one.id,
            TicketClosed(unit=_unit(one), reason=reason),
            by=SYSTEM,
            detail={"reason": reason, "main": str(one.main)},
        )
        for one in repeats
    ]
    await say_many(heard, said, source=source, at=at)


def _payload(told: Mapping[str, Any]) -> dict[str, Any]:
    """What of a reply's line in the timeline everybody hears; of a letter only which it is."""
    letter = told.get("letter")
    heard = {name: value for name, value in told.items() if name in TicketReplied.model_fields}
    return heard | {"letter": None if letter is None else letter["attachment"]}


def _unit(one: Follower) -> str:
    assert one.unit is not None, "a ticket that was replied has a unit"
    return one.unit


def _follower(row: Record) -> Follower:
    words = {"link_kind": Link(row["link_kind"]), "main_state": State(row["main_state"])}
    return Follower(**(dict(row) | words))
