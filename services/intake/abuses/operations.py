"""Flagging abuse, and drafting and signing what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.abuses.models import AbuseNotice, AbuseRecord
from services.intake.abuses.rules import AbuseNoticeKind
from services.intake.attachments.operations import require_evidence
from services.intake.models import Ticket
from services.intake.operations import Acted, lock_own_ticket, say
from services.intake.quality.risks import note_risk
from services.intake.quality.rules import Reason
from shared.audit import Entry, note
from shared.calendars import local
from shared.events.callers import TicketAbused
from shared.events.kinds import Abuse
from shared.events.words import State
from shared.jurisdictions import office_of
from shared.problems import ActRefused, NotFound, field_error
from shared.reading import require_shown
from shared.runtime import Runtime
from shared.security import Principal

# Numbers have no gap: who signs waits for who signs before, until the commit.
LOCK_NUMBERS = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass(frozen=True, slots=True)
class Flag:
    """What somebody saw or heard."""

    category: Abuse
    text: str
    evidence: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as its drafter wants it."""

    kind: AbuseNoticeKind
    abuses: Sequence[UUID]
    addressee: str
    grounds: str


async def flag_abuse(
    session: AsyncSession, runtime: Runtime, ticket_id: UUID, *, caller: Principal, flag: Flag
) -> tuple[AbuseRecord, Acted]:
    """Flag abuse and keep its evidence; the ticket is handled all the same (ZY 29).

    Raises `NotFound`, `Malformed` for evidence that is not on the ticket.
    """
    ticket = await lock_own_ticket(session, ticket_id, caller)
    await require_evidence(session, ticket_id, flag.evidence)
    at = await runtime.clock.now(session)
    record = AbuseRecord(
        id=uuid7(),
        ticket_id=ticket_id,
        jurisdiction=ticket.jurisdiction,
        caller_id=ticket.caller_id,
        category=flag.category,
        text=flag.text,
        evidence=list(flag.evidence),
        flagged_by=caller.subject,
        flagged_at=at,
    )
    session.add(record)
    await note_risk(session, ticket_id, Reason.ABUSED, at=at)
    # Nobody else knows a ticket that is being verified: its abuse is said after it is.
    if ticket.state == State.VERIFYING:
        return record, Acted(ticket, ticket.sequence)
    return record, await say(session, runtime, ticket, at, said_of(record))


async def say_abuses(session: AsyncSession, runtime: Runtime, ticket: Ticket, at: datetime) -> None:
    """Say the abuse that came with a ticket that others have just heard of."""
    rows = await session.scalars(
        select(AbuseRecord).where(AbuseRecord.ticket_id == ticket.id).order_by(AbuseRecord.id)
    )
    for record in rows.all():
        await say(session, runtime, ticket, at, said_of(record))


def said_of(record: AbuseRecord) -> TicketAbused:
    """The fact that abuse was flagged; its words may be personal and are not said."""
    return TicketAbused(
        abuse=record.id, category=Abuse(record.category), flagged_by=record.flagged_by
    )


async def draft_notice(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, draft: Draft
) -> AbuseNotice:
    """Draft a document about abuse by one caller, each with its evidence (ZY 29).

    Raises `Malformed` for records that are unknown, without evidence, or of several callers.
    """
    wanted = set(draft.abuses)
    try:
        await require_shown(session, runtime, caller, AbuseRecord.id, wanted)
    except NotFound as error:
        told = "所列记录不存在，或不在您的权限范围内"
        raise field_error("abuses", "unknown_abuse", told) from error
    rows = await session.scalars(select(AbuseRecord).where(AbuseRecord.id.in_(wanted)))
    records = rows.all()
    if len({record.caller_id for record in records}) > 1 or records[0].caller_id is None:
        raise field_error("abuses", "other_caller", "一份文书只能涉及同一诉求人，且须有其联系方式")
    if not all(record.evidence for record in records):
        raise field_error("abuses", "no_evidence", "每条记录都须附有证据，请先补充附件")
    notice = AbuseNotice(
        id=uuid7(),
        kind=draft.kind,
        jurisdiction=records[0].jurisdiction,
        abuses=sorted(wanted),
        addressee=draft.addressee,
        grounds=draft.grounds,
        drafted_by=caller.subject,
        drafted_at=await runtime.clock.now(session),
    )
    session.add(notice)
    return notice


async def sign_notice(
    session: AsyncSession, runtime: Runtime, notice_id: UUID, *, caller: Principal
) -> AbuseNotice:
    """Sign a draft: it takes the next number of its office and year.

    Raises `NotFound`, `ActRefused` for one that is signed, or is signed by its own drafter.
    """
    notice = await session.get(AbuseNotice, notice_id, with_for_update=True)
    await require_shown(session, runtime, caller, AbuseNotice.id, [notice_id])
    assert notice is not None, "it was shown"
    if notice.signed_at is not None:
        raise ActRefused("文书已经签发。", allowed=[])
    if notice.drafted_by == caller.subject:
        raise ActRefused("拟稿人不能签发自己拟的文书，请由另一人签发。", allowed=[])
    office = office_of(notice.jurisdiction)
    await session.execute(LOCK_NUMBERS, {"name": f"abuse notices {office}"})
    at = await runtime.clock.now(session)
    year = local(at).year
    last = await session.scalar(
        select(func.max(AbuseNotice.serial)).where(
            AbuseNotice.office == office,
            AbuseNotice.kind == notice.kind,
            AbuseNotice.year == year,
        )
    )
    notice.office, notice.year, notice.serial = office, year, (last or 0) + 1
    notice.signed_by, notice.signed_at = caller.subject, at
    entry = Entry(
        "abuse_notice.signed", str(notice.id), caller.subject, detail={"kind": notice.kind}
    )
    await note(session, entry, at=at)
    return notice
