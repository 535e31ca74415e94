"""Writing the directory: putting the same content again says and changes nothing."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.rules import suits
from services.dispatch.models import DirectoryVersion, DutyRule, Unit
from shared import outbox
from shared.audit import Entry, note
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event
from shared.events.words import DutyHours, RequestType
from shared.jurisdictions import covers
from shared.problems import NotFound, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What the directory says of a unit."""

    name: str
    jurisdiction: str
    superior: str | None
    is_active: bool
    duty_hours: DutyHours = DutyHours.WORKING
    has_system: bool = False
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class DutyFacts:
    """What a duty rule says."""

    jurisdiction: str
    category: str | None
    request_type: RequestType | None
    unit: str
    priority: int


async def put_unit(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, code: str, facts: UnitFacts
) -> Unit:
    """Add or change a unit, and say so where something changed.

    Raises `NotFound` for a place that is not the caller's, `Malformed` for an unknown superior
    and for this platform's own code.
    """
    _require_place(caller, facts.jurisdiction)
    if facts.platform == runtime.settings.platform:
        raise field_error("platform", "own_platform", "这是本平台自己的代码")
    if facts.superior == code:
        raise field_error("superior", "own_superior", "上级不能是本单位")
    if facts.superior is not None and await session.get(Unit, facts.superior) is None:
        raise field_error("superior", "unknown_unit", "没有这个上级单位")
    values = {
        "name": facts.name,
        "jurisdiction": facts.jurisdiction,
        "superior": facts.superior,
        "is_active": facts.is_active,
        "duty_hours": facts.duty_hours,
        "has_system": facts.has_system,
        "platform": facts.platform,
    }
    # Of two who add the same unit the later waits here, and then finds the row.
    await session.execute(
        insert(Unit).values(code=code, sequence=0, **values).on_conflict_do_nothing()
    )
    unit = await session.get_one(Unit, code, with_for_update=True)
    _require_place(caller, unit.jurisdiction)
    if unit.sequence > 0 and all(getattr(unit, name) == new for name, new in values.items()):
        return unit
    for name, new in values.items():
        setattr(unit, name, new)
    unit.sequence += 1
    await count_change(session)
    detail = {"version": unit.sequence, "is_active": unit.is_active}
    await note(session, Entry("unit.changed", code, caller.subject, detail=detail), at=None)
    data = UnitChanged(
        code=code,
        name=unit.name,
        jurisdiction=unit.jurisdiction,
        is_active=unit.is_active,
        superior=unit.superior,
        duty_hours=unit.duty_hours,
        has_system=unit.has_system,
        platform=unit.platform,
    )
    at = await runtime.clock.now(session)
    await outbox.add(
        session, Event(runtime.source, code, unit.sequence, at, data, current_traceparent())
    )
    return unit


async def put_duty_rule(
    session: AsyncSession, *, caller: Principal, rule_id: str, facts: DutyFacts
) -> DutyRule:
    """Add or change a duty rule (B2).

    Raises `NotFound` for a place that is not the caller's, `Malformed` for a unit that is unknown
    or has nothing to do with the place.
    """
    _require_place(caller, facts.jurisdiction)
    unit = await session.get(Unit, facts.unit)
    if unit is None:
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if unit.platform is None and not suits(unit.jurisdiction, facts.jurisdiction):
        raise field_error("unit", "other_place", f"{unit.name}不管辖 {facts.jurisdiction}")
    values = {
        "jurisdiction": facts.jurisdiction,
        "category": facts.category,
        "request_type": facts.request_type,
        "unit": facts.unit,
        "priority": facts.priority,
    }
    await session.execute(insert(DutyRule).values(id=rule_id, **values).on_conflict_do_nothing())
    rule = await session.get_one(DutyRule, rule_id, with_for_update=True)
    _require_place(caller, rule.jurisdiction)
    for name, new in values.items():
        setattr(rule, name, new)
    await count_change(session)
    detail = {"unit": facts.unit, "priority": facts.priority}
    await note(session, Entry("duty_rule.changed", rule_id, caller.subject, detail=detail), at=None)
    return rule


async def count_change(session: AsyncSession) -> None:
    """Tell those who keep the directory in memory that it changed."""
    await session.execute(update(DirectoryVersion).values(version=DirectoryVersion.version + 1))


def _require_place(caller: Principal, jurisdiction: str) -> None:
    if not covers(caller.jurisdiction, jurisdiction):
        raise NotFound(f"{jurisdiction} 不在您的权限范围内。")
