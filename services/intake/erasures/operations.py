"""Erasing what intake keeps of a request and its caller, and telling all who have a copy."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.intake.attachments.operations import IS_KEPT
from services.intake.attachments.operations import LOCK as LOCK_FILE
from services.intake.attachments.store import Store
from services.intake.erasures.rules import (
    ARTICLES,
    ENDED,
    OVER_TIME,
    REQUESTED,
    earlier_names,
)
from services.intake.models import ENDED_STATES
from services.intake.publications.rules import PublicationState
from shared import audit, outbox
from shared.database import Connection, Pool
from shared.erasure import Words, erase
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.jurisdictions import covers
from shared.problems import ActRefused, NotFound
from shared.runtime import Runtime
from shared.telemetry import current_traceparent

BY, WHOLE = "retention", "000000"
TABLES = (
    Words(
        "tickets",
        text=("title", "content", "override"),
        nulls=("identity", "place", "channel_ref", "caller_id"),
        where="id = ANY($1::uuid[])",
    ),
    Words("verifications", text=("question", "opinion", "competent")),
    Words("amendments", text=("addition", "reason")),
    Words("histories", text=("result",)),
    Words("follow_ups", text=("note",)),
    Words("ratings", text=("doubt", "comment")),
    Words(
        "abuse_notices",
        text=("grounds",),
        where="""abuses && (SELECT array_agg(id) FROM abuses WHERE ticket_id = ANY($1::uuid[]))""",
    ),
    Words("abuses", text=("text",), nulls=("caller_id",)),
    Words("disputes", text=("text", "answer")),
    Words("reports", text=("text",)),
    Words("progress", json=("words",)),
    Words("publications", text=("title", "question", "answer", "reason")),
    Words("screenings", text=("explanation", "reason")),
    Words("hand_overs", text=("note",)),
    Words("terminated_matters", text=("script",)),
    Words("quality_checks", text=("objection",), where="subject_id = ANY($1::uuid[])"),
)
LOCK = """SELECT id, number, state, caller_id, jurisdiction FROM tickets
WHERE id = ANY($1::uuid[]) AND erased_at IS NULL ORDER BY id FOR UPDATE"""
LOCK_ONE = """SELECT state, jurisdiction, external_id, origin IS NOT NULL AS is_from_elsewhere
FROM tickets WHERE id = $1 FOR UPDATE"""
# Each time that another platform forwards a request it is a ticket of its own here.
EARLIER = f"""SELECT id FROM tickets WHERE jurisdiction = $1 AND external_id = ANY($2::text[])
AND origin IS NOT NULL AND state IN ({ENDED_STATES})"""
# The partial index holds only what has ended and is not erased.
OVER = f"""SELECT id FROM tickets WHERE erased_at IS NULL
AND state IN ({ENDED_STATES})
AND coalesce(ended_at, accepted_at)
    < coalesce($1::timestamptz, clock_timestamp()) - make_interval(days => $2)
ORDER BY coalesce(ended_at, accepted_at) LIMIT $3"""
COUNT_UP = """UPDATE tickets SET sequence = sequence + 1, erased_at = $2
WHERE id = ANY($1::uuid[]) RETURNING id, sequence"""
TAKE_BACK = """UPDATE publications SET state = $2, ended_by = $3, ended_at = $4
WHERE ticket_id = ANY($1::uuid[]) AND state IN ('proposed', 'published')"""
FORGET_CALLERS = """DELETE FROM callers c WHERE c.id = ANY($1::uuid[])
AND NOT EXISTS (SELECT FROM tickets t WHERE t.caller_id = c.id)"""
FORGET_FILES = """WITH gone AS (
    DELETE FROM ticket_attachments WHERE ticket_id = ANY($1::uuid[]) RETURNING attachment_id
) DELETE FROM attachments a USING (SELECT DISTINCT attachment_id FROM gone) g
WHERE a.id = g.attachment_id AND NOT EXISTS (
    SELECT FROM ticket_attachments t
    WHERE t.attachment_id = a.id AND t.ticket_id <> ALL($1::uuid[]))
RETURNING a.sha256"""
TIME = "SELECT coalesce($1::timestamptz, clock_timestamp())"


class Erased(NamedTuple):
    """What was erased, and the names of files that may have nobody left."""

    tickets: int
    files: Sequence[str]


async def erase_on_request(
    connection: Connection,
    runtime: Runtime,
    ticket_id: UUID,
    *,
    by: str,
    reason: str,
    place: str = WHOLE,
) -> Erased:
    """Erase one ticket because its caller asks, with those that it was here before.

    Raises `NotFound` where it does not lie in `place`; `ActRefused` while it runs.
    What is erased already stays so: then nothing is said again.
    """
    ticket = await connection.fetchrow(LOCK_ONE, ticket_id)
    if ticket is None or not covers(place, ticket["jurisdiction"]):
        raise NotFound
    if ticket["state"] not in ENDED:
        raise ActRefused("工单办结后才能删除其内容；办理中的请先撤回或等待办结。", allowed=[])
    ids = [ticket_id]
    if ticket["is_from_elsewhere"]:
        names = earlier_names(ticket["external_id"])
        rows = await connection.fetch(EARLIER, ticket["jurisdiction"], names)
        ids += [row["id"] for row in rows]
    return await _erase(connection, runtime, ids, by=by, purpose=reason, why=REQUESTED)


async def erase_over_time(connection: Connection, runtime: Runtime, *, limit: int) -> Erased:
    """Erase tickets that ended long enough ago, the oldest first."""
    days = runtime.settings.identity_retention_days
    rows = await connection.fetch(OVER, runtime.clock.stepped, days, limit)
    ids = [row["id"] for row in rows]
    return await _erase(connection, runtime, ids, by=BY, purpose=None, why=OVER_TIME)


async def remove_files(pool: Pool, store: Store, names: Sequence[str]) -> None:
    """Remove the content of files that no row points to; the sweep does it too, but later."""
    for name in names:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_FILE.format(name="$1::text"), name)
            if not await connection.fetchval(IS_KEPT, name):
                await store.remove(name)


async def _erase(
    connection: Connection,
    runtime: Runtime,
    ids: Sequence[UUID],
    *,
    by: str,
    purpose: str | None,
    why: str,
) -> Erased:
    rows = await connection.fetch(LOCK, ids)
    ids = [row["id"] for row in rows]
    if not ids:
        return Erased(0, [])
    at: datetime = await connection.fetchval(TIME, runtime.clock.stepped)
    counted = await connection.fetch(COUNT_UP, ids, at)
    sequences = {row["id"]: row["sequence"] for row in counted}
    events = [
        Event(
            runtime.source,
            str(row["id"]),
            sequences[row["id"]],
            at,
            TicketErased(
                source_article=ARTICLES[why], number=row["number"], is_requested=why == REQUESTED
            ),
            current_traceparent(),
        )
        for row in rows
    ]
    await connection.execute(TAKE_BACK, ids, PublicationState.TAKEN_BACK, by, at)
    await erase(connection, events, TABLES)
    callers = list({row["caller_id"] for row in rows} - {None})
    await connection.execute(FORGET_CALLERS, callers)
    files = [row["sha256"] for row in await connection.fetch(FORGET_FILES, ids)]
    await outbox.add_many(connection, events)
    entries = [
        audit.Entry("ticket.erased", str(row["id"]), by, purpose, {"why": why}) for row in rows
    ]
    await audit.note_many(connection, entries, at=at)
    return Erased(len(ids), files)
