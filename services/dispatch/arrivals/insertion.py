"""Writing arrivals: the tickets and the first lines of their timelines, in two copies."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.dispatch.repeats.operations import queue_tickets
from services.dispatch.rules import SYSTEM
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event
from shared.events.intake import Filed, TicketRecorded
from shared.events.kinds import Link
from shared.events.words import State
from shared.inbox import Heard

FILED = (
    *("number", "jurisdiction", "request_type", "urgency", "is_enforcement", "title", "content"),
    *("channel", "category", "place", "caller_id", "filed_at"),
)
MORE = ("about_unit", "repeats", "override", "is_mediation", "origin", "secrecy")
COUNTS = ("replies", "timeline_length", "sequence")
ENTRY = ("ticket_id", "position", "event", "at", "round", "unit", "by", "rule", "text", "detail")
NO_DETAIL = "{}"


class Arrival(NamedTuple):
    """The columns in which one arrival differs from another, after those of `Filed`."""

    policy: str | None
    state: State
    accepted_at: datetime | None
    dispatched_at: datetime | None = None
    unit: str | None = None
    round: int = 0
    rule: str | None = None
    ground: str | None = None
    source_article: str | None = None
    explanation: str | None = None
    article_id: UUID | None = None
    closed_at: datetime | None = None
    line: str | None = None
    main: UUID | None = None
    link_kind: Link | None = None
    linked_at: datetime | None = None


async def insert_arrivals(heard: Heard, arrivals: Iterable[tuple[Event[Any], Arrival]]) -> None:
    """Add tickets and the first lines of their timelines."""
    rows, entries = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for event, arrival in arrivals:
        ticket_id = UUID(event.subject)
        # It has one entry in its timeline and has said nothing; a dispatched one has one more.
        counts = (0, arrival.round + 1, arrival.round)
        rows.append((ticket_id, *_filed(event.data), *arrival, *_more(event.data), *counts))
        by, text, detail = _told(event.data)
        entry = (ticket_id, 1, event.data.type, event.time, 0, None, by, None, text, detail)
        entries.append(entry)
        if arrival.round:
            entries.append(
                (
                    *(ticket_id, 2, TicketDispatched.type, arrival.dispatched_at),
                    *(arrival.round, arrival.unit, SYSTEM, arrival.rule, None, NO_DETAIL),
                )
            )
    # A copy costs here half of what arrays of so many columns do, and the server no more.
    copy = heard.connection.copy_records_to_table
    await copy("tickets", records=rows, columns=("id", *FILED, *Arrival._fields, *MORE, *COUNTS))
    await copy("timeline", records=entries, columns=ENTRY)
    await queue_tickets(heard.connection, [row[0] for row in rows])


def _told(data: Filed) -> tuple[str | None, str | None, str]:
    """Who did it, in which words, and what else the first line of the timeline holds."""
    detail: dict[str, Any] = {}
    if data.repeats is not None:
        detail["repeats"] = str(data.repeats)
    if data.override is not None:
        detail["override"] = data.override
    if data.origin is not None:
        detail["origin"] = data.origin.model_dump(mode="json")
    if data.asked_first is not None:
        detail["asked_first"] = data.asked_first.model_dump(mode="json")
    if isinstance(data, TicketHandedOver):
        detail |= {"line": data.line, "way": data.way}
        return data.handed_by, data.note, orjson.dumps(detail).decode()
    if isinstance(data, TicketRepeatAnswered):
        detail["terminated"] = str(data.terminated)
        return data.filed_by, data.script, orjson.dumps(detail).decode()
    return data.filed_by, _result(data), orjson.dumps(detail).decode() if detail else NO_DETAIL


def _result(data: Filed) -> str | None:
    if not isinstance(data, TicketRecorded):
        return None
    told = {"承办单位": data.unit_name, "办理结果": data.result}
    return "；".join(f"{name}：{value}" for name, value in told.items() if value) or None


def _filed(data: Filed) -> tuple[Any, ...]:
    place = data.place and orjson.dumps(data.place.model_dump(exclude_none=True)).decode()
    return (
        *(data.number, data.jurisdiction, data.request_type, data.urgency, data.is_enforcement),
        *(data.title, data.content, data.channel, data.category, place, data.caller_id),
        data.filed_at,
    )


def _more(data: Filed) -> tuple[Any, ...]:
    origin = data.origin and orjson.dumps(data.origin.model_dump(mode="json")).decode()
    label = data.secrecy
    return (data.about_unit, data.repeats, data.override, data.is_mediation, origin, label)
