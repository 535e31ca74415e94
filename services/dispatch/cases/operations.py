"""Opening a case, and what its members do before it is decided, under the lock on the ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.dispatch.acts.operations import Turn, say
from services.dispatch.cases.models import Case, CaseMember, CaseSignature, CaseVote
from services.dispatch.cases.rules import (
    CHINESE_ACTS,
    CHINESE_CAPACITIES,
    CHINESE_STATES,
    PAPERS,
    CaseAct,
    CaseState,
    capacity_to_sign,
)
from services.dispatch.cases.sittings import Sitting, find_sitting
from services.dispatch.co_handling.operations import end_co_handling
from services.dispatch.models import Ticket
from services.dispatch.precedents.operations import check_units
from services.dispatch.rules import state_after
from services.dispatch.sight.rules import is_seen
from shared.audit import Entry, note
from shared.events.chinese import CHINESE
from shared.events.kinds import CaseKind
from shared.events.loop import TicketCoordinated, TicketCoordinationDropped
from shared.events.words import Act, State
from shared.jurisdictions import covers, office_of
from shared.problems import ActRefused, NotAllowed, NotFound, Problem, field_error
from shared.runtime import Runtime
from shared.security import Principal


class AlreadyVoted(Problem):
    """This member has voted."""

    status = 409
    code = "already_voted"
    detail = "您已表决，每名成员只表决一次。"


class CaseSigned(Problem):
    """This case was signed in this capacity."""

    status = 409
    code = "case_signed"
    detail = "该会商事项已经签批。"


@dataclass(frozen=True, slots=True)
class CaseTurn:
    """One act on a case at hand: the ticket's turn, its row locked, and all of the case."""

    turn: Turn
    sitting: Sitting


async def coordinate_ticket(
    turn: Turn, *, kind: CaseKind, reason: str, report: Mapping[str, str] | None = None
) -> Case:
    """Give the ticket to the coordination group (ZY 13.5); no unit has it until it decides.

    Raises `Malformed` where a report is missing, or is not for this kind.
    """
    turn.ticket.state = state_after(turn.ticket.state, Act.COORDINATE)
    return await open_case(turn, kind=kind, reason=reason, report=report)


async def open_case(
    turn: Turn, *, kind: CaseKind, reason: str, report: Mapping[str, str] | None = None
) -> Case:
    """Open the case of a ticket that is coordinating from now on; the caller's clock runs on.

    Raises `Malformed` where a report is missing, or is not for this kind.
    """
    paper, ticket = PAPERS[kind], turn.ticket
    if paper.needs_report and report is None:
        raise field_error("report", "missing", f"{CHINESE[kind]}须附报告（{paper.source}）")
    if report is not None and not paper.needs_report:
        raise field_error("report", "not_needed", f"{CHINESE[kind]}不需要报告（{paper.source}）")
    case = Case(
        id=uuid7(),
        ticket_id=ticket.id,
        jurisdiction=ticket.jurisdiction,
        office=office_of(ticket.handling_place),
        kind=kind,
        state=CaseState.OPEN,
        reason=reason,
        report=None if report is None else dict(report),
        opened_by=turn.caller.subject,
        opened_at=turn.at,
    )
    turn.session.add(case)
    await end_co_handling(turn)
    ticket.unit, ticket.case_id = None, case.id
    # The reason stays with the case: a unit that has the ticket later reads its timeline.
    await say(
        turn,
        TicketCoordinated(case=case.id, kind=kind, reason=reason, opened_by=turn.caller.subject),
        detail={"case": str(case.id), "kind": kind, "article": paper.source},
    )
    return case


async def take_case(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, case_id: UUID, act: CaseAct
) -> CaseTurn:
    """Lock a case, by its ticket's row, for an act.

    Raises `NotFound` where it is not the caller's, `ActRefused` where it is closed, or its ticket
    is no longer with the group; then it can be dropped alone.
    """
    case = await session.get(Case, case_id)
    if case is None:
        raise NotFound
    ticket = await session.get(Ticket, case.ticket_id, with_for_update=True)
    if ticket is None or not is_seen(ticket, caller):
        raise NotFound
    await session.refresh(case)
    name, state = CHINESE_ACTS[act], CaseState(case.state)
    if state is not CaseState.OPEN:
        raise ActRefused(f"该会商事项{CHINESE_STATES[state]}，不能{name}。", allowed=[])
    if ticket.state is not State.COORDINATING and act is not CaseAct.DROP:
        raise ActRefused(f"工单{CHINESE[ticket.state]}，不能{name}。", allowed=[CaseAct.DROP])
    turn = Turn(
        session,
        runtime.source,
        caller,
        ticket,
        at=await runtime.clock.now(session),
        law=await runtime.law_book.read_in(session),
    )
    return CaseTurn(turn, await find_sitting(session, case))


async def name_members(case_turn: CaseTurn, members: Sequence[tuple[str, str, bool]]) -> None:
    """Who sits on the case, `(subject, capacity, is_head)`: all of them, in place of any before.

    Raises `ActRefused` once somebody has voted or signed.
    """
    sitting, session = case_turn.sitting, case_turn.turn.session
    if sitting.votes or sitting.signatures:
        refused = "已有成员表决或者签批，不能再变更成员。"
        raise ActRefused(refused, allowed=[CaseAct.VOTE, CaseAct.SIGN, CaseAct.DROP])
    case_id = sitting.case.id
    await session.execute(delete(CaseMember).where(CaseMember.case_id == case_id))
    for member in sitting.members:
        session.expunge(member)
    session.add_all(
        CaseMember(case_id=case_id, subject=subject, capacity=capacity, is_head=is_head)
        for subject, capacity, is_head in members
    )
    await session.flush()


async def vote(case_turn: CaseTurn, *, lead_unit: str, opinion: str | None) -> None:
    """A member says which unit should lead (ZY 13.5(2)), once.

    Raises `ActRefused` where no meeting decides, `NotAllowed` for who is no member, `AlreadyVoted`,
    and `Malformed` for a unit that cannot have the ticket.
    """
    turn, sitting = case_turn.turn, case_turn.sitting
    paper, case = sitting.paper, sitting.case
    if not paper.is_voted:
        refused = f"{CHINESE[CaseKind(case.kind)]}由签批决定，不须表决（{paper.source}）。"
        raise ActRefused(refused, allowed=[CaseAct.SIGN, CaseAct.DECIDE, CaseAct.DROP])
    subject = turn.caller.subject
    if all(member.subject != subject for member in sitting.members):
        raise NotAllowed("您不是该会商事项的成员。")
    if any(one.subject == subject for one in sitting.votes):
        raise AlreadyVoted
    await check_units(
        turn.session, lead_unit=lead_unit, co_units=(), jurisdiction=turn.ticket.handling_place
    )
    turn.session.add(
        CaseVote(case_id=case.id, subject=subject, lead_unit=lead_unit, opinion=opinion, at=turn.at)
    )
    await turn.session.flush()


async def sign(
    case_turn: CaseTurn, *, lead_unit: str, co_units: Sequence[str], opinion: str
) -> None:
    """Sign for the group or the government, to which units the ticket goes (ZY 13.5(1)(3)(4)).

    Raises `ActRefused` where no signature decides, `NotAllowed` for whose signature is not asked
    for, `CaseSigned`, and `Malformed` for units that cannot have the ticket.
    """
    turn, sitting = case_turn.turn, case_turn.sitting
    paper, caller = sitting.paper, turn.caller
    if not paper.signatures:
        refused = f"{CHINESE[CaseKind(sitting.case.kind)]}由会议表决，不须签批（{paper.source}）。"
        raise ActRefused(refused, allowed=[CaseAct.VOTE, CaseAct.DECIDE, CaseAct.DROP])
    member = next((one for one in sitting.sitting if one.subject == caller.subject), None)
    is_of_office = covers(caller.jurisdiction, sitting.case.office)
    capacity = capacity_to_sign(paper, member, caller.role, is_of_office=is_of_office)
    if capacity is None:
        names = "、".join(CHINESE_CAPACITIES[one] for one in paper.signatures)
        raise NotAllowed(f"{paper.title}须由{names}签批（{paper.source}）。")
    if any(one.capacity == capacity for one in sitting.signatures):
        raise CaseSigned
    place = turn.ticket.handling_place
    await check_units(turn.session, lead_unit=lead_unit, co_units=co_units, jurisdiction=place)
    turn.session.add(
        CaseSignature(
            case_id=sitting.case.id,
            capacity=capacity,
            subject=caller.subject,
            lead_unit=lead_unit,
            co_units=list(co_units),
            opinion=opinion,
            at=turn.at,
        )
    )
    detail = {"capacity": capacity, "unit": lead_unit}
    entry = Entry("case.signed", str(sitting.case.id), caller.subject, detail=detail)
    await note(turn.session, entry, at=turn.at)
    await turn.session.flush()


async def drop_case(case_turn: CaseTurn, *, reason: str) -> None:
    """Take the case back undecided: the ticket waits for dispatch (B6).

    Where the ticket went another way meanwhile (the caller withdrew), the case alone is closed.
    """
    turn, case = case_turn.turn, case_turn.sitting.case
    case.state, case.dropped_because = CaseState.DROPPED, reason
    case.closed_by, case.closed_at = turn.caller.subject, turn.at
    ticket = turn.ticket
    if ticket.state is not State.COORDINATING:
        return
    ticket.state = state_after(ticket.state, Act.DROP_CASE)
    ticket.case_id = None
    await say(
        turn,
        TicketCoordinationDropped(case=case.id, reason=reason, dropped_by=turn.caller.subject),
        detail={"case": str(case.id)},
    )
