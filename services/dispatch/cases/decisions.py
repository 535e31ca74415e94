"""Deciding a case: a numbered document, the ticket on its way, a precedent; in one transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.operations import Turn, note
from services.dispatch.cases.models import Case, CaseSerial
from services.dispatch.cases.operations import CaseTurn
from services.dispatch.cases.papers import Facts, keep, paper_of
from services.dispatch.cases.rules import CaseState, Chosen, missing
from services.dispatch.cases.sittings import Sitting
from services.dispatch.co_handling.operations import check_co_units
from services.dispatch.directory.queries import find_line
from services.dispatch.dispatching.operations import send
from services.dispatch.models import Unit
from services.dispatch.precedents import operations as precedents
from services.dispatch.precedents.models import Precedent
from services.dispatch.precedents.queries import find_precedent_at
from shared import audit, outbox
from shared.calendars import local
from shared.events.dispatch import CaseDecided
from shared.events.envelope import Event
from shared.events.kinds import CaseKind
from shared.events.words import Act
from shared.policy.model import Pack
from shared.problems import NotHeardYet, Problem, field_error
from shared.telemetry import current_traceparent


class CaseNotReady(Problem):
    """The case lacks votes, signatures or minutes."""

    status = 409
    code = "case_not_ready"
    detail = "会商尚未完成，不能作出决定。"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the group decided, and whether it holds for matters of the same kind."""

    lead_unit: str
    co_units: tuple[str, ...]
    opinion: str
    minutes: str | None = None
    is_precedent: bool = True
    category: str | None = None
    jurisdiction: str | None = None
    replaces: UUID | None = None
    """The precedent of the kind that this one takes the place of."""


async def decide_case(case_turn: CaseTurn, decision: Decision) -> None:
    """Number the decision, send the ticket to its units, and keep the precedent (ZY 13.5).

    Raises `CaseNotReady` with what is missing, `Malformed` for units that cannot have the ticket
    or a precedent without a kind, `PrecedentExists` with the ways out, `NotFound` for a place that
    is not the caller's, `NotHeardYet` where the ticket's pack was not heard of.
    """
    turn, sitting = case_turn.turn, case_turn.sitting
    case, ticket, pack = sitting.case, turn.ticket, turn.pack
    if pack is None:
        raise NotHeardYet
    await _check(turn, sitting, decision)
    case.number = await _take_number(turn, sitting, pack)
    case.lead_unit, case.co_units = decision.lead_unit, list(decision.co_units)
    case.opinion, case.minutes, case.state = decision.opinion, decision.minutes, CaseState.DECIDED
    case.closed_by, case.closed_at = turn.caller.subject, turn.at
    precedent = await _keep_precedent(turn, case, decision) if decision.is_precedent else None
    case.precedent_id = None if precedent is None else precedent.id
    units = await _find_units(turn.session, [decision.lead_unit, *decision.co_units])
    names = tuple(units[code].name for code in decision.co_units)
    facts = Facts(pack.name, units[decision.lead_unit].name, names, precedent)
    case.document = keep(paper_of(sitting, ticket, facts, at=turn.at))
    by, detail = turn.caller.subject, {"kind": case.kind}
    entry = audit.Entry("case.decided", str(case.id), by, detail=detail)
    await audit.note(turn.session, entry, at=turn.at)
    await _say_decided(turn, case, precedent)
    ticket.needs_letter = True
    await send(
        turn,
        units[decision.lead_unit],
        act=Act.DECIDE_CASE,
        co_units=decision.co_units,
        case=case.id,
        text=case.number,
    )


async def _check(turn: Turn, sitting: Sitting, decision: Decision) -> None:
    ticket = turn.ticket
    chosen = Chosen(decision.lead_unit, frozenset(decision.co_units))
    gaps = missing(
        sitting.paper, sitting.proceedings(has_minutes=decision.minutes is not None), chosen
    )
    if gaps:
        raise CaseNotReady(f"尚不能作出决定，还缺：{'；'.join(gaps)}（{sitting.paper.source}）。")
    await precedents.check_units(
        turn.session,
        lead_unit=decision.lead_unit,
        co_units=decision.co_units,
        jurisdiction=ticket.handling_place,
    )
    line = await find_line(turn.session, decision.lead_unit)
    if ticket.about_unit in {one.code for one in line}:
        told = "被投诉的单位及其下级不得承办针对该单位的投诉（XS 三(四)）"
        raise field_error("lead_unit", "about_unit", told)
    await check_co_units(turn, decision.co_units, lead=decision.lead_unit)
    if decision.replaces is not None and not decision.is_precedent:
        raise field_error("replaces", "not_needed", "不作为先例的决定不替代其他会商决定")


async def _take_number(turn: Turn, sitting: Sitting, pack: Pack) -> str:
    """The next number by office, kind and year: the row is ours until the commit, so no gap."""
    case, year = sitting.case, local(turn.at).year
    row = insert(CaseSerial).values(office=case.office, kind=case.kind, year=year, last=1)
    serial = await turn.session.scalar(
        row.on_conflict_do_update(
            index_elements=["office", "kind", "year"], set_={"last": CaseSerial.last + 1}
        ).returning(CaseSerial.last)
    )
    return sitting.paper.number.format(place=pack.name, year=year, serial=serial)


async def _keep_precedent(turn: Turn, case: Case, decision: Decision) -> Precedent:
    session, ticket = turn.session, turn.ticket
    category = decision.category or ticket.category
    if category is None:
        raise field_error(
            "category", "missing", "工单没有类别：请填写同类事项的类别，或者不作为先例"
        )
    assert case.number is not None, "a decision is numbered first"
    place = decision.jurisdiction or ticket.handling_place
    precedents.require_place(turn.caller, place)
    existing = await find_precedent_at(session, category, place)
    if decision.replaces is not None:
        if existing is None or existing.id != decision.replaces:
            raise field_error("replaces", "unknown_precedent", "不是该地同类事项有效的会商决定")
        precedents.retire(
            existing, by=turn.caller.subject, at=turn.at, reason=f"由{case.number}替代"
        )
        await session.flush()
    elif existing is not None:
        raise precedents.PrecedentExists(
            f"该地同类事项已有会商决定 {existing.document}：如需替代，请在 replaces 中填写 "
            f"{existing.id}；如只对本工单作出决定，请将 is_precedent 设为 false（ZY 13.5(5)）。"
        )
    kept = precedents.Decision(
        ticket_id=ticket.id,
        lead_unit=decision.lead_unit,
        co_units=decision.co_units,
        category=category,
        jurisdiction=place,
        document=case.number,
    )
    await precedents.check_units(
        session,
        lead_unit=kept.lead_unit,
        co_units=kept.co_units,
        jurisdiction=place,
        for_all=True,
    )
    return await precedents.keep_precedent(session, kept, by=turn.caller.subject, at=turn.at)


async def _find_units(session: AsyncSession, codes: list[str]) -> dict[str, Unit]:
    rows = await session.scalars(select(Unit).where(Unit.code.in_(codes)))
    return {unit.code: unit for unit in rows}


async def _say_decided(turn: Turn, case: Case, precedent: Precedent | None) -> None:
    assert case.lead_unit is not None, "the decision names the lead"
    payload = CaseDecided(
        ticket_id=turn.ticket.id,
        lead_unit=case.lead_unit,
        co_units=tuple(case.co_units),
        category=None if precedent is None else precedent.category,
        jurisdiction=None if precedent is None else precedent.jurisdiction,
        document=case.number,
        kind=CaseKind(case.kind),
        decided_by=turn.caller.subject,
    )
    left_out = {"ticket_id", "document", "decided_by"}
    detail = payload.model_dump(mode="json", exclude=left_out, exclude_none=True)
    note(turn, payload.type, text=case.number, detail=detail | {"case": str(case.id)})
    event = Event(turn.source, str(case.id), 1, turn.at, payload, current_traceparent())
    await outbox.add(turn.session, event)
