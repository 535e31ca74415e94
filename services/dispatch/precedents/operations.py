"""Writing down what the coordination group decided, and retiring it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.dispatch.directory.operations import count_change
from services.dispatch.directory.rules import suits
from services.dispatch.models import Ticket, TimelineEntry, Unit
from services.dispatch.precedents.models import Precedent
from services.dispatch.sight.rules import is_seen
from shared import outbox
from shared.events.dispatch import CaseDecided
from shared.events.envelope import Event
from shared.jurisdictions import covers
from shared.problems import NotFound, Problem, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent


class PrecedentExists(Problem):
    """Matters of this kind have a precedent in this place."""

    status = 409
    code = "precedent_exists"
    detail = "该地同类事项已有会商决定，请先将其废止（ZY 13.5(5)）。"


class PrecedentRetired(Problem):
    """This precedent was retired before."""

    status = 409
    code = "precedent_retired"
    detail = "该会商决定已经废止。"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a ticket, and for which kind of matters it holds."""

    ticket_id: UUID
    lead_unit: str
    co_units: tuple[str, ...]
    category: str
    jurisdiction: str
    document: str


async def decide_case(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, decision: Decision
) -> Precedent:
    """Keep a decision as a precedent, and say it (ZY 13.5(5)).

    Raises `NotFound` for a ticket or a place that is not the caller's, `Malformed` for a unit that
    cannot have such matters, `PrecedentExists` where the kind has one in this place.
    """
    ticket = await session.get(Ticket, decision.ticket_id, with_for_update=True)
    if ticket is None or not is_seen(ticket, caller):
        raise NotFound
    require_place(caller, decision.jurisdiction)
    await check_units(
        session,
        lead_unit=decision.lead_unit,
        co_units=decision.co_units,
        jurisdiction=decision.jurisdiction,
        for_all=True,
    )
    at = await runtime.clock.now(session)
    precedent = await keep_precedent(session, decision, by=caller.subject, at=at)
    payload = CaseDecided(
        ticket_id=ticket.id,
        lead_unit=decision.lead_unit,
        co_units=decision.co_units,
        category=decision.category,
        jurisdiction=decision.jurisdiction,
        document=decision.document,
    )
    ticket.timeline_length += 1
    session.add(
        TimelineEntry(
            ticket_id=ticket.id,
            position=ticket.timeline_length,
            event=payload.type,
            at=at,
            round=ticket.round,
            unit=ticket.unit,
            by=caller.subject,
            text=decision.document,
            detail=payload.model_dump(mode="json", exclude={"ticket_id", "document"})
            | {"case": str(precedent.id)},
        )
    )
    await outbox.add(
        session, Event(runtime.source, str(precedent.id), 1, at, payload, current_traceparent())
    )
    return precedent


async def keep_precedent(
    session: AsyncSession, decision: Decision, *, by: str, at: datetime
) -> Precedent:
    """Let a decision hold for matters of its kind from now on. Raises `PrecedentExists`."""
    values = {
        "id": uuid7(),
        "ticket_id": decision.ticket_id,
        "jurisdiction": decision.jurisdiction,
        "category": decision.category,
        "lead_unit": decision.lead_unit,
        "co_units": list(decision.co_units),
        "document": decision.document,
        "decided_by": by,
        "decided_at": at,
    }
    kept: UUID | None = await session.scalar(
        insert(Precedent).values(**values).on_conflict_do_nothing().returning(Precedent.id)
    )
    if kept is None:
        raise PrecedentExists
    await count_change(session)
    return await session.get_one(Precedent, kept)


async def retire_precedent(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, precedent_id: UUID, reason: str
) -> Precedent:
    """End a precedent: later matters of its kind go by the duty rules again.

    Raises `NotFound` where its place is not the caller's, `PrecedentRetired` the second time.
    """
    precedent = await session.get(Precedent, precedent_id, with_for_update=True)
    if precedent is None or not covers(caller.jurisdiction, precedent.jurisdiction):
        raise NotFound
    if precedent.retired_at is not None:
        raise PrecedentRetired
    retire(precedent, by=caller.subject, at=await runtime.clock.now(session), reason=reason)
    await count_change(session)
    return precedent


def retire(precedent: Precedent, *, by: str, at: datetime, reason: str) -> None:
    """Write down that a precedent has ended."""
    precedent.retired_at = at
    precedent.retired_by, precedent.retired_because = by, reason


def require_place(caller: Principal, jurisdiction: str) -> None:
    """Raise `NotFound` for a place that is not the caller's."""
    if not covers(caller.jurisdiction, jurisdiction):
        raise NotFound(f"{jurisdiction} 不在您的权限范围内。")


async def check_units(
    session: AsyncSession,
    *,
    lead_unit: str,
    co_units: Sequence[str],
    jurisdiction: str,
    for_all: bool = False,
) -> None:
    """Raise `Malformed` for a unit that cannot have a matter of a place, or is named twice.

    `for_all`: the lead will have all matters of the place, as a precedent says. A county's unit
    cannot have the city's.
    """
    named = [("lead_unit", lead_unit), *(("co_units", code) for code in co_units)]
    seen = set[str]()
    for field, code in named:
        if code in seen:
            raise field_error(field, "unit_twice", f"{code} 重复；主办、协办单位不得相同")
        seen.add(code)
        unit = await session.get(Unit, code)
        if unit is None:
            raise field_error(field, "unknown_unit", f"没有承办单位 {code}")
        if not unit.is_active:
            raise field_error(field, "inactive_unit", f"{unit.name}已停用")
        is_for_all = for_all and field == "lead_unit"
        fits = covers if is_for_all else suits
        if unit.platform is None and not fits(unit.jurisdiction, jurisdiction):
            ways = f"：先例请限于 {unit.jurisdiction}（jurisdiction）" if is_for_all else ""
            raise field_error(field, "other_place", f"{unit.name}不管辖 {jurisdiction}{ways}")
