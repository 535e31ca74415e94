"""What some requests bring with them: files, the first report of an emergency, a receipt.

Ordinary requests bring nothing, and pay for nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.intake.attachments.rules import kind_of
from services.intake.emergencies.rules import PLATFORM, is_reported, offices_of, report_words
from services.intake.filing.requests import Filed, Filing, New
from services.intake.notices.rules import is_told, receipt
from shared import notices, outbox
from shared.database import Connection
from shared.events.callers import TicketAttached, TicketReported
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated
from shared.events.words import State
from shared.problems import Problem, field_error

FIND = """SELECT id, uploaded_by, media_type, bytes, sha256 FROM attachments
WHERE id = ANY($1::uuid[])"""
ATTACH = """INSERT INTO ticket_attachments
    (ticket_id, attachment_id, kind, attached_by, attached_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])"""
REPORT = """INSERT INTO reports (ticket_id, offices, text, reported_by, reported_at)
SELECT ticket_id, string_to_array(offices, ','), text, reported_by, reported_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    AS r (ticket_id, offices, text, reported_by, reported_at)"""
COUNT_UP = """UPDATE tickets SET sequence = c.sequence
FROM unnest($1::uuid[], $2::int[]) AS c (id, sequence) WHERE tickets.id = c.id"""
Files = dict[UUID, asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Beside:
    """What one request brings: its facts in the order in which they are said."""

    one: New
    attached: Sequence[TicketAttached]
    reported: TicketReported | None
    is_receipted: bool = False
    """Whether its caller heard no answer, and is sent number and query code."""

    def facts(self) -> list[Payload]:
        """What is said after the request; of what is being verified nobody else knows yet."""
        if self.one.state is State.VERIFYING:
            return []
        return [*self.attached, *([] if self.reported is None else [self.reported])]


async def find_files(
    connection: Connection, filings: Sequence[Filing], results: list[Filed | Problem | None]
) -> Files:
    """The files that come with requests; refuse what names another's, or one that is gone."""
    wanted = {
        place: filing
        for place, filing in enumerate(filings)
        if filing.request.attachments and results[place] is None
    }
    if not wanted:
        return {}
    ids = [one for filing in wanted.values() for one in filing.request.attachments]
    files: Files = {row["id"]: row for row in await connection.fetch(FIND, ids)}
    for place, filing in wanted.items():
        for one in filing.request.attachments:
            if one not in files or files[one]["uploaded_by"] != filing.filed_by:
                results[place] = field_error(
                    "attachments", "unknown_attachment", f"不是您上传的附件，或已过期：{one}"
                )
    return files


def beside(new: Sequence[New], files: Files) -> list[Beside]:
    """What each request brings with it, where it brings anything."""
    found = []
    for one in new:
        request = one.filing.request
        attached = [_attached(one, files[file]) for file in dict.fromkeys(request.attachments)]
        reported = None
        if is_reported(request.urgency, one.state):
            reported = TicketReported(
                offices=offices_of(request.jurisdiction, request.place),
                text=report_words(one.number, request.urgency),
                reported_by=PLATFORM,
            )
        is_receipted = is_told(request.channel, one.state, request.identity)
        if attached or reported is not None or is_receipted:
            found.append(Beside(one, attached, reported, is_receipted))
    return found


async def add_beside(
    connection: Connection, brought: Sequence[Beside], *, source: str, at: datetime
) -> None:
    """Write what requests bring, in the transaction in which they are filed."""
    files = [(each.one, fact) for each in brought for fact in each.attached]
    await connection.execute(
        ATTACH,
        [one.id for one, _ in files],
        [fact.attachment for _, fact in files],
        [fact.kind.value for _, fact in files],
        [fact.attached_by for _, fact in files],
        [at] * len(files),
    )
    reports = [(each.one, each.reported) for each in brought if each.reported is not None]
    await connection.execute(
        REPORT,
        [one.id for one, _ in reports],
        [",".join(fact.offices) for _, fact in reports],
        [fact.text for _, fact in reports],
        [fact.reported_by for _, fact in reports],
        [at] * len(reports),
    )
    told = [
        notices.Notice(notices.NoticeKind.OFFICE, office, one.id, fact.type, fact.text)
        for one, fact in reports
        for office in fact.offices
    ]
    told += [_receipt(each.one) for each in brought if each.is_receipted]
    await notices.add_many(connection, told, at=at)
    said = [(each.one, each.facts()) for each in brought]
    events = [
        Event(source, str(one.id), place, at, fact, one.filing.traceparent)
        for one, facts in said
        for place, fact in enumerate(facts, start=2)
    ]
    await outbox.add_many(connection, events)
    await connection.execute(
        COUNT_UP, [one.id for one, _ in said], [1 + len(facts) for _, facts in said]
    )


def _receipt(one: New) -> notices.Notice:
    words = receipt(one.number)
    kind = notices.NoticeKind.CALLER
    return notices.Notice(kind, str(one.id), one.id, TicketCreated.type, words)


def _attached(one: New, file: asyncpg.Record) -> TicketAttached:
    request = one.filing.request
    return TicketAttached(
        attachment=file["id"],
        kind=kind_of(request.channel, file["media_type"]),
        media_type=file["media_type"],
        bytes=file["bytes"],
        sha256=file["sha256"],
        attached_by=one.filing.filed_by,
    )
