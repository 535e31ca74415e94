"""Reporting emergencies: by the platform at once, by a person again (ZY 13.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergencies.models import Contact, Report
from services.intake.emergencies.rules import (
    PLATFORM,
    URGENT,
    offices_of,
    report_words,
)
from services.intake.identity import Vault
from services.intake.models import Ticket, Unit
from services.intake.operations import say
from services.intake.rules import COMPLAINED_OF
from services.intake.sight import find_kept_out
from shared import notices
from shared.audit import Entry, note
from shared.events.callers import TicketReported
from shared.events.words import State
from shared.problems import ActRefused, field_error
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class DutyNumber:
    """Somebody to tell at a government, by day and by night."""

    name: str
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a person reports to: governments by their places, and disposing units."""

    offices: Sequence[str]
    units: Sequence[str] = ()


async def put_contacts(
    session: AsyncSession,
    vault: Vault,
    code: str,
    numbers: Sequence[DutyNumber],
    *,
    by: str,
    at: datetime,
) -> None:
    """Keep a government's duty numbers, sealed, in place of those before. The vault is ready."""
    kept = [{"name": one.name, "phone": one.phone, "email": one.email} for one in numbers]
    sealed = vault.seal_bytes(orjson.dumps(kept), contact_key(code))
    row = insert(Contact).values(jurisdiction=code, sealed=sealed, changed_by=by, changed_at=at)
    excluded = row.excluded
    changed = {name: excluded[name] for name in ("sealed", "changed_by", "changed_at")}
    await session.execute(row.on_conflict_do_update(index_elements=["jurisdiction"], set_=changed))
    entry = Entry("jurisdiction.contacts_changed", code, by, detail={"rows": len(kept)})
    await note(session, entry, at=at)


def contact_key(code: str) -> UUID:
    """What a place's sealed numbers are bound to."""
    return uuid5(NAMESPACE_URL, f"urn:12345:contacts:{code}")


async def open_contacts(vault: Vault, code: str, sealed: bytes) -> list[DutyNumber]:
    """A government's duty numbers."""
    found = orjson.loads(await vault.open_bytes(sealed, contact_key(code)))
    return [DutyNumber(one["name"], one["phone"], one["email"]) for one in found]


async def report_at_once(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, at: datetime
) -> None:
    """The first report of a ticket that became an emergency; nothing where it is none."""
    if _is_under_way(ticket):
        words = report_words(ticket.number, ticket.urgency)
        offices = offices_of(ticket.jurisdiction, ticket.place)
        await _report(
            session,
            runtime,
            ticket,
            TicketReported(offices=offices, text=words, reported_by=PLATFORM),
            at,
        )


async def report_again(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    *,
    told: Told,
    text: str,
    by: str,
) -> Report:
    """A person's further report, to the governments that they name; none: those of the first.

    Disposing units are told by dispatch, which has their numbers, whoever the ticket goes to.
    Raises `ActRefused` for a ticket that is no emergency, `Malformed` for an unknown place or unit,
    and for the unit complained of or one below it.
    """
    if ticket.urgency not in URGENT:
        raise ActRefused("只有特殊和特殊紧急事项须报告；请先更正紧急程度。", allowed=["amend"])
    offices = tuple(dict.fromkeys(told.offices))
    chosen = offices or offices_of(ticket.jurisdiction, ticket.place)
    await _require_offices(session, offices, ticket)
    await _require_units(session, told.units, ticket)
    at = await runtime.clock.now(session)
    units = tuple(dict.fromkeys(told.units))
    fact = TicketReported(offices=(*chosen, *units), text=text, reported_by=by)
    return await _report(session, runtime, ticket, fact, at, units=units)


async def say_reports(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, at: datetime
) -> None:
    """Say the reports of a ticket that others have just heard of.

    Governments were told already, units are by what is said here: of what is refused none is.
    """
    rows = await session.scalars(
        select(Report).where(Report.ticket_id == ticket.id).order_by(Report.id)
    )
    reports = rows.all()
    named = {code for row in reports for code in row.offices}
    if ticket.state == State.REFUSED:
        left_out = set(await session.scalars(select(Unit.code).where(Unit.code.in_(named))))
    else:
        left_out = await find_kept_out(session, ticket, named)
    for row in reports:
        told = tuple(code for code in row.offices if code not in left_out)
        fact = TicketReported(offices=told, text=row.text, reported_by=row.reported_by)
        await say(session, runtime, ticket, at, fact)


async def _require_offices(session: AsyncSession, offices: Sequence[str], ticket: Ticket) -> None:
    known = set(offices_of(ticket.jurisdiction, ticket.place))
    others = [code for code in offices if code not in known]
    if not others:
        return
    rows = await session.execute(
        select(Contact.jurisdiction).where(Contact.jurisdiction.in_(others))
    )
    if missing := set(others) - set(rows.scalars()):
        shown = "、".join(sorted(missing))
        raise field_error("offices", "unknown_office", f"没有登记值班电话的地区：{shown}")


async def _require_units(session: AsyncSession, units: Sequence[str], ticket: Ticket) -> None:
    works = select(Unit.code).where(Unit.code.in_(units), Unit.is_active)
    if missing := set(units) - set(await session.scalars(works)):
        shown = "、".join(sorted(missing))
        raise field_error("units", "unknown_unit", f"没有这些单位，或已停用：{shown}")
    if kept_out := await find_kept_out(session, ticket, units):
        raise field_error("units", "about_unit", f"{COMPLAINED_OF}：{'、'.join(sorted(kept_out))}")


async def _report(
    session: AsyncSession,
    runtime: Runtime,
    ticket: Ticket,
    fact: TicketReported,
    at: datetime,
    *,
    units: Sequence[str] = (),
) -> Report:
    row = Report(
        ticket_id=ticket.id,
        offices=list(fact.offices),
        text=fact.text,
        reported_by=fact.reported_by,
        reported_at=at,
    )
    session.add(row)
    # What a person wrote may be personal: only the platform's own words go out by message.
    words = report_words(ticket.number, ticket.urgency)
    told = [
        notices.Notice(notices.NoticeKind.OFFICE, office, ticket.id, fact.type, words)
        for office in fact.offices
        if office not in units
    ]
    await notices.add(session, *told, at=at)
    if ticket.state != State.VERIFYING:
        await say(session, runtime, ticket, at, fact)
    return row


def _is_under_way(ticket: Ticket) -> bool:
    over = (State.REFUSED, State.ANSWERED, State.CLOSED, State.TERMINATED, State.WITHDRAWN)
    return ticket.urgency in URGENT and ticket.state not in over
