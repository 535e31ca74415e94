"""The hot path: requests that arrive together become tickets in one transaction.

Each statement takes all of them at once; an answer leaves after the commit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from services.intake import rules
from services.intake.filing.answers import answer_of, event_of, filed, state_of, view_of
from services.intake.filing.requests import Filed, Filing, New
from services.intake.filing.statements import (
    ADD_CALLERS,
    ADD_TICKETS,
    FIND_ARTICLES,
    FIND_CALLERS,
    FIND_FIRST,
    FIND_KEPT,
    KEEP,
    TAKE_NUMBERS,
)
from services.intake.identity import Vault
from shared import outbox
from shared.database import Connection
from shared.events.words import State
from shared.problems import KeyReused, Problem, field_error


async def file_batch(
    connection: Connection,
    filings: Sequence[Filing],
    *,
    source: str,
    vault: Vault,
    now: datetime | None,
) -> list[Filed | Problem]:
    """File requests in the caller's transaction; for each its answer, or why it was refused.

    No two share a claim. Raises `UniqueViolationError` where another process files the same at
    the same moment: run the batch again.
    """
    results: list[Filed | Problem | None] = [None] * len(filings)
    kept = await _answer_kept(connection, filings, results)
    await _answer_first(connection, filings, results, vault)
    await _refuse_unknown_articles(connection, filings, results)
    new = [
        New(filing, place, uuid7(), state_of(filing.request))
        for place, filing in enumerate(filings)
        if results[place] is None
    ]
    if new:
        await _find_callers(connection, new, vault)
        at = await _add_tickets(connection, new, vault, now)
        await outbox.add_many(connection, [event_of(one, source, at) for one in new])
        for one in new:
            results[one.place] = answer_of(one, at, vault)
    await _keep_answers(connection, filings, results, kept)
    return [result for result in results if result is not None]


async def _answer_kept(
    connection: Connection, filings: Sequence[Filing], results: list[Filed | Problem | None]
) -> set[int]:
    """Give kept answers again; return the places that had one."""
    keyed = {f.key: place for place, f in enumerate(filings) if f.key is not None}
    if not keyed:
        return set()
    rows = await connection.fetch(
        FIND_KEPT, [k.caller for k in keyed], [k.path for k in keyed], [k.key for k in keyed]
    )
    by_key = {(row["caller"], row["path"], row["key"]): row for row in rows}
    kept = set()
    for key, place in keyed.items():
        row = by_key.get((key.caller, key.path, key.key))
        if row is None:
            continue
        kept.add(place)
        if row["body_hash"] != key.body_hash:
            results[place] = KeyReused()
        else:
            results[place] = Filed(row["status"], row["answer"], orjson.loads(row["headers"]))
    return kept


async def _answer_first(
    connection: Connection,
    filings: Sequence[Filing],
    results: list[Filed | Problem | None],
    vault: Vault,
) -> None:
    known = [
        place
        for place, f in enumerate(filings)
        if results[place] is None and (f.request.channel_ref or f.request.external_id)
    ]
    if not known:
        return
    requests = [filings[place].request for place in known]
    rows = await connection.fetch(
        FIND_FIRST,
        [r.jurisdiction for r in requests],
        [r.channel.value for r in requests],
        [r.channel_ref for r in requests],
        [r.external_id for r in requests],
    )
    for row in rows:
        place = known[row["place"] - 1]
        view = view_of(row["id"], row["number"], State(row["state"]), row["sequence"], vault)
        view["accepted_at"] = row["accepted_at"]
        results[place] = filed(200, view, row["id"], row["sequence"])


async def _refuse_unknown_articles(
    connection: Connection, filings: Sequence[Filing], results: list[Filed | Problem | None]
) -> None:
    wanted = {
        place: f.request.article_id
        for place, f in enumerate(filings)
        if f.request.article_id is not None and results[place] is None
    }
    if not wanted:
        return
    rows = await connection.fetch(FIND_ARTICLES, list(wanted.values()))
    known = {row["id"] for row in rows}
    for place, article_id in wanted.items():
        if article_id not in known:
            results[place] = field_error(
                "answered_by", "unknown_article", "没有这篇已发布的知识，请先检索知识库"
            )


async def _find_callers(connection: Connection, new: list[New], vault: Vault) -> None:
    by_index: dict[bytes, list[New]] = {}
    for one in new:
        identity = one.filing.request.identity
        if identity is None:
            continue
        phone = rules.normal_phone(identity.get("phone", ""))
        if phone:
            by_index.setdefault(vault.phone_index(phone), []).append(one)
        else:
            one.caller_id = uuid7()
    if not by_index:
        return
    known = {row["phone_index"]: row["id"] for row in await _callers(connection, by_index)}
    missing = sorted(by_index.keys() - known.keys())
    if missing:
        await connection.execute(ADD_CALLERS, [uuid7() for _ in missing], missing)
        known |= {row["phone_index"]: row["id"] for row in await _callers(connection, missing)}
    for index, ones in by_index.items():
        for one in ones:
            one.caller_id = known[index]


async def _callers(connection: Connection, indexes: Collection[bytes]) -> list[asyncpg.Record]:
    return await connection.fetch(FIND_CALLERS, list(indexes))


async def _add_tickets(
    connection: Connection, new: list[New], vault: Vault, now: datetime | None
) -> datetime:
    row = await connection.fetchrow(TAKE_NUMBERS, len(new), now)
    assert row is not None
    at: datetime = row["at"]
    for one, serial in zip(new, row["serials"], strict=True):
        one.number = rules.ticket_number(one.filing.request.jurisdiction, at, serial)
    requests = [one.filing.request for one in new]
    await connection.execute(
        ADD_TICKETS,
        [one.id for one in new],
        [one.number for one in new],
        [r.jurisdiction for r in requests],
        [r.request_type.value for r in requests],
        [r.urgency.value for r in requests],
        [r.is_enforcement for r in requests],
        [r.title for r in requests],
        [r.content for r in requests],
        [r.channel.value for r in requests],
        [r.channel_ref for r in requests],
        [r.external_id for r in requests],
        [r.category for r in requests],
        [None if r.place is None else orjson.dumps(r.place).decode() for r in requests],
        [one.caller_id for one in new],
        [
            None if r.identity is None else vault.seal(r.identity, one.id)
            for one, r in zip(new, requests, strict=True)
        ],
        [one.filing.filed_by for one in new],
        [r.filed_at for r in requests],
        [at] * len(new),
        [one.state.value for one in new],
        [None if r.refusal is None else r.refusal.code for r in requests],
        [r.article_id for r in requests],
        [one.filing.pack.content_hash for one in new],
    )
    return at


async def _keep_answers(
    connection: Connection,
    filings: Sequence[Filing],
    results: list[Filed | Problem | None],
    kept: set[int],
) -> None:
    new = [
        (filing.key, result)
        for place, (filing, result) in enumerate(zip(filings, results, strict=True))
        if filing.key is not None and isinstance(result, Filed) and place not in kept
    ]
    if not new:
        return
    await connection.execute(
        KEEP,
        [key.caller for key, _ in new],
        [key.path for key, _ in new],
        [key.key for key, _ in new],
        [key.body_hash for key, _ in new],
        [result.status for _, result in new],
        [orjson.dumps(result.headers).decode() for _, result in new],
        [result.body for _, result in new],
    )
