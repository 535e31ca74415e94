"""The hot path: requests that arrive together become tickets in one transaction.

Each statement takes all of them at once; an answer leaves after the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from services.intake import rules
from services.intake.filing.answers import Shown, answer_of, event_of, filed, state_of, view_of
from services.intake.filing.beside import Beside, add_beside, beside, find_files
from services.intake.filing.columns import kept_columns, more_columns, ticket_columns
from services.intake.filing.repeated import find_terminated
from services.intake.filing.requests import Filed, Filing, New
from services.intake.filing.statements import (
    ADD,
    ADD_WITH_MORE,
    FIND_ARTICLES,
    FIND_FIRST,
    FIND_KEPT,
    LOOK,
)
from services.intake.identity import Vault
from shared import outbox
from shared.calendars import local
from shared.database import Connection
from shared.events.words import State
from shared.lawbook import LawBook
from shared.policy.law import Law
from shared.problems import KeyReused, Problem, field_error


async def file_batch(
    connection: Connection,
    filings: Sequence[Filing],
    *,
    source: str,
    vault: Vault,
    law_book: LawBook,
    now: datetime | None,
) -> list[Filed | Problem]:
    """File requests, all or none; for each its answer, or why it was refused.

    No two share a claim. All is written by one statement. Raises `UniqueViolationError` where
    another process files the same at the same moment: run the batch again.
    """
    results: list[Filed | Problem | None] = [None] * len(filings)
    indexes = _phone_indexes(filings, vault)
    look = await _look(connection, filings, indexes, now)
    kept = await _answer_kept(connection, filings, results) if look["has_kept"] else set()
    if look["has_first"]:
        await _answer_first(connection, filings, results, vault)
    await _refuse_unknown_articles(connection, filings, results)
    callers = dict(zip(look["phone_indexes"], look["caller_ids"], strict=True))
    terminated = await find_terminated(connection, filings, results, indexes, callers)
    files = await find_files(connection, filings, results)
    _refuse_what_is_to_come(filings, results, look["at"])
    at: datetime = look["at"]
    law = await law_book.read_version(connection, look["law_version"])
    new = [
        New(
            _under_law(filing, law, at),
            place,
            uuid7(),
            state_of(filing.request, terminated.get(place)),
            law.calendar(filing.request.jurisdiction),
            terminated=terminated.get(place),
        )
        for place, filing in enumerate(filings)
        if results[place] is None
    ]
    new_callers = _name_callers(new, indexes, callers)
    shown: Shown = {}
    for one, serial in zip(new, look["serials"], strict=False):
        one.number = rules.ticket_number(one.filing.request.jurisdiction, at, serial)
        results[one.place] = answer_of(one, at, vault, shown)
    answers = [
        (filing.key, result)
        for place, (filing, result) in enumerate(zip(filings, results, strict=True))
        if filing.key is not None and isinstance(result, Filed) and place not in kept
    ]
    if new or answers:
        has_more = any(r.ask or r.history or r.handed for r in (one.filing.request for one in new))
        columns = (
            *ticket_columns(new, at, vault),
            list(new_callers.values()),
            list(new_callers),
            *outbox.columns([event_of(one, source, at) for one in new]),
            *kept_columns(answers),
            *(more_columns(new, at) if has_more else ()),
        )
        await _write(
            connection,
            ADD_WITH_MORE if has_more else ADD,
            columns,
            beside(new, files),
            source=source,
            at=at,
        )
    return [result for result in results if result is not None]


async def _write(
    connection: Connection,
    statement: str,
    columns: Sequence[object],
    brought: Sequence[Beside],
    *,
    source: str,
    at: datetime,
) -> None:
    """One statement, and no transaction around it where nothing comes with the requests."""
    if not brought:
        await connection.execute(statement, *columns)
        return
    async with connection.transaction():
        await connection.execute(statement, *columns)
        await add_beside(connection, brought, source=source, at=at)


def _under_law(filing: Filing, law: Law, at: datetime) -> Filing:
    """The filing under the pack of the very moment at which it is accepted (C1)."""
    pack = law.in_force(filing.request.jurisdiction, at)
    return filing if pack == filing.pack else replace(filing, pack=pack)


async def _look(
    connection: Connection,
    filings: Sequence[Filing],
    indexes: Mapping[int, bytes],
    now: datetime | None,
) -> asyncpg.Record:
    keys = [f.key for f in filings if f.key is not None]
    referred = [f.request for f in filings if f.request.channel_ref is not None]
    external = [f.request for f in filings if f.request.external_id is not None]
    row = await connection.fetchrow(
        LOOK,
        now,
        len(filings),
        list(set(indexes.values())),
        [key.caller for key in keys],
        [key.path for key in keys],
        [key.key for key in keys],
        [r.jurisdiction for r in referred],
        [r.channel.value for r in referred],
        [r.channel_ref for r in referred],
        [r.jurisdiction for r in external],
        [r.external_id for r in external],
    )
    assert row is not None
    return row


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
        accepted_at = row["accepted_at"]
        view["accepted_at"] = None if accepted_at is None else local(accepted_at)
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


def _refuse_what_is_to_come(
    filings: Sequence[Filing], results: list[Filed | Problem | None], at: datetime
) -> None:
    for place, filing in enumerate(filings):
        history = filing.request.history
        if results[place] is None and history is not None and history.closed_at > at:
            results[place] = field_error(
                "history.closed_at", "in_the_future", "历史工单的办结时间不得晚于现在"
            )


def _phone_indexes(filings: Sequence[Filing], vault: Vault) -> dict[int, bytes]:
    """The keyed hash of each caller's number, by the filing's place."""
    found = {}
    for place, filing in enumerate(filings):
        phone = rules.normal_phone((filing.request.identity or {}).get("phone", ""))
        if phone:
            found[place] = vault.phone_index(phone)
    return found


def _name_callers(
    new: list[New], indexes: Mapping[int, bytes], known: dict[bytes, UUID]
) -> dict[bytes, UUID]:
    """Give each filing its caller; return the callers that are new."""
    added: dict[bytes, UUID] = {}
    for one in new:
        index = indexes.get(one.place)
        if index is None:
            one.caller_id = None if one.filing.request.identity is None else uuid7()
            continue
        if index not in known:
            known[index] = added[index] = uuid7()
        one.caller_id = known[index]
    return added
