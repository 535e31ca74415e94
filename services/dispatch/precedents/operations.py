"""Writing down what the coordination group decided, and retiring it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.dispatch.directory.operations import count_change
from services.dispatch.directory.rules import suits
from services.dispatch.models import Precedent, Ticket, TimelineEntry, Unit
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
    if ticket is None or not caller.sees(ticket.jurisdiction, ticket.unit):
        raise NotFound
    if not covers(caller.jurisdiction, decision.jurisdiction):
        raise NotFound(f"{decision.jurisdiction} 不在您的权限范围内。")
    await _check_units(session, decision)
    at = await runtime.clock.now(session)
    values = {
        "id": uuid7(),
        "ticket_id": decision.ticket_id,
        "jurisdiction": decision.jurisdiction,
        "category": decision.category,
        "lead_unit": decision.lead_unit,
        "co_units": list(decision.co_units),
        "document": decision.document,
        "decided_by": caller.subject,
        "decided_at": at,
    }
    kept: UUID | None = await session.scalar(
        insert(Precedent).values(**values).on_conflict_do_nothing().returning(Precedent.id)
    )
    if kept is None:
        raise PrecedentExists
    await count_change(session)
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
            | {"case": str(kept)},
        )
    )
    await outbox.add(
        session, Event(runtime.source, str(kept), 1, at, payload, current_traceparent())
    )
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
    precedent.retired_at = await runtime.clock.now(session)
    precedent.retired_by, precedent.retired_because = caller.subject, reason
    await count_change(session)
    return precedent


async def _check_units(session: AsyncSession, decision: Decision) -> None:
    named = [("lead_unit", decision.lead_unit), *(("co_units", code) for code in decision.co_units)]
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
        if not suits(unit.jurisdiction, decision.jurisdiction):
            raise field_error(field, "other_place", f"{unit.name}不管辖 {decision.jurisdiction}")
