"""Erasure: the words of a request and of what was written about it go; that it was there stays.

Intake says `ticket.erased`, and every holder of a copy obeys: its own tables, events that it set
aside, kept answers. It remembers which tickets these are, so that an event which comes later,
or is replayed, comes in without its words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from shared.database import Connection
from shared.events.envelope import Envelope, Event
from shared.events.intake import TicketErased

MARK = "（内容已删除）"
"""What stands in the place of words."""
WORDS = frozenset(
    {
        *("addition", "address", "answer", "basis", "body", "comment", "contact", "content"),
        *("description", "doubt", "evidence", "explanation", "facts", "findings", "grounds"),
        *("legal_basis", "matter", "minutes", "more", "next_step", "note", "objection"),
        *("opinion", "outcome", "override", "progress", "proposal", "question", "reach", "reason"),
        *("report", "result", "risk", "script", "statement", "text", "title", "without"),
    }
)
"""Names under which events and tables keep what people wrote, and so all that is below them."""
OBJECTS = frozenset({"elements"})
"""The same where an object has the name; in a list of that name each judges for itself."""
CODE = r"^[0-9_.-]*[a-z][a-z0-9_.-]*$"
"""A value of this form is one of our codes, whatever its name is: it stays.

Without a letter it may be a telephone number: ours stand under names of their own.
"""
_CODE = re.compile(CODE)
KEPT_ANSWER = orjson.dumps({"code": "erased", "detail": "该工单的内容已删除。"})
TELLS = b'"ticket.erased"'
"""What a message has in it that tells of an erasure."""
REMEMBER = "INSERT INTO erased (subject) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
ERASED = "SELECT subject FROM erased WHERE subject = ANY($1::text[])"
PARKED = "SELECT position, message FROM parked WHERE key = ANY($1::text[]) FOR UPDATE"
KEEP_PARKED = """UPDATE parked p SET message = w.message, detail = $3
FROM unnest($1::bigint[], $2::bytea[]) AS w (position, message) WHERE p.position = w.position"""
KEPT_ANSWERS = """UPDATE kept_answers k SET answer = $2 WHERE EXISTS (
    SELECT FROM unnest($1::text[]) AS w (word) WHERE position(w.word IN k.path) > 0
        OR position(convert_to(w.word, 'UTF8') IN k.answer) > 0)"""


class Words(NamedTuple):
    """Where a table keeps words of tickets."""

    table: str
    text: Sequence[str] = ()
    """Columns of text; a null stays one."""
    json: Sequence[str] = ()
    """Columns of JSON, whose codes and numbers stay."""
    nulls: Sequence[str] = ()
    """Columns that are emptied."""
    where: str = "ticket_id = ANY($1::uuid[])"
    """Which rows are those of the tickets `$1`."""


def statement(words: Words) -> str:
    """The statement that erases in one table."""
    names = "{" + ",".join(sorted(WORDS)) + "}"
    sets = [
        *(f"{one} = CASE WHEN {one} IS NOT NULL THEN '{MARK}' END" for one in words.text),
        *(f"{one} = without_words({one}, '{names}', '{CODE}', '{MARK}')" for one in words.json),
        *(f"{one} = NULL" for one in words.nulls),
    ]
    return f"UPDATE {words.table} SET {', '.join(sets)} WHERE {words.where}"


async def erase(
    connection: Connection, events: Sequence[Event[TicketErased]], tables: Iterable[Words]
) -> None:
    """Remove all that a service keeps of these tickets' words, and remember them."""
    ids = [event.subject for event in events]
    for words in tables:
        await connection.execute(statement(words), ids)
    await erase_parked(connection, ids)
    # Kept answers go by themselves within a day: only who asks must not wait for that.
    asked = [event for event in events if event.data.is_requested]
    if asked:
        known = [event.subject for event in asked]
        known += [event.data.number for event in asked if event.data.number is not None]
        await connection.execute(KEPT_ANSWERS, known, KEPT_ANSWER)


async def erase_parked(connection: Connection, keys: Sequence[str]) -> None:
    """Remove the words from events of these tickets that are set aside, and remember them."""
    await connection.execute(REMEMBER, keys)
    rows = await connection.fetch(PARKED, keys)
    if rows:
        messages = [_message_without_words(row["message"]) for row in rows]
        positions = [row["position"] for row in rows]
        await connection.execute(KEEP_PARKED, positions, messages, MARK)


async def without_erased_words(
    connection: Connection, events: Sequence[Envelope]
) -> list[Envelope]:
    """The same events, those of erased tickets without their words."""
    rows = await connection.fetch(ERASED, list({event.subject for event in events}))
    erased = {row["subject"] for row in rows}
    return [
        replace(event, data=without_words(event.data)) if event.subject in erased else event
        for event in events
    ]


def without_words(value: Any, *, is_words: bool = False) -> Any:  # noqa: ANN401  any JSON
    """JSON whose words are marked as removed; codes, numbers and times stay.

    `is_words`: its name, or one above it, is one of `WORDS`. `shared.migrations` has its twin.
    """
    if isinstance(value, Mapping):
        return {
            key: without_words(inner, is_words=is_words or _has_words(key, inner))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [without_words(inner, is_words=is_words) for inner in value]
    is_erased = is_words and isinstance(value, str) and not _CODE.fullmatch(value)
    return MARK if is_erased else value


def _has_words(name: str, value: object) -> bool:
    return name in WORDS or (name in OBJECTS and isinstance(value, Mapping))


def _message_without_words(message: bytes) -> bytes:
    """A message that may be no event at all: then nothing of it is kept."""
    try:
        event = orjson.loads(message)
    except orjson.JSONDecodeError:
        return b"{}"
    if not isinstance(event, dict):
        return b"{}"
    return orjson.dumps(event | {"data": without_words(event.get("data"))})
