"""What people do to orders: each act under the lock on all orders, said in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.incidents.models import Unit
from services.sla.models import TicketClock
from services.sla.orders.models import Order
from services.sla.orders.operations import LOCK, TAKE_SERIALS, raise_orders, unanswered
from services.sla.orders.rules import (
    CHINESE_ACTS,
    CHINESE_STATES,
    EFFECTIVE_STATES,
    TRANSITIONS,
    Cause,
    OrderAct,
    OrderState,
    allowed,
    article,
    due_of,
    why_not_sign,
)
from shared import outbox
from shared.access import UNITS
from shared.audit import Entry, note
from shared.calendars import local
from shared.database import connection_of
from shared.events.chinese import CHINESE
from shared.events.envelope import Event
from shared.events.sla import OrderAnswered, OrderIssued, SlaPayload
from shared.events.words import OrderKind, Role, Step
from shared.jurisdictions import covers
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.policy.supervision import Ground, Rung, Trigger, codes_of
from shared.problems import ActRefused, NotAllowed, NotFound, Problem, field_error
from shared.reading import require_shown
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent


class OrderOpen(Problem):
    """An order on this ground is open for this unit and matter, or a higher one was reached."""

    status = 409
    code = "order_open"
    detail = "该单位同一事项已有未办结的督办文书，或者已到更高一级；督办只升不降。"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person raises: a ground of the pack, for a unit or one of its tickets."""

    unit: str
    ground: str
    ticket_id: UUID | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One act at hand: the order, its row locked, who acts, the time after the lock, the law."""

    session: AsyncSession
    source: str
    caller: Principal
    order: Order
    at: datetime
    law: Law
    pack: Pack
    rung: Rung


async def take_turn(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, order_id: UUID, act: OrderAct
) -> Turn:
    """Lock an order for an act.

    Raises `NotFound` where it is not the caller's, `NotAllowed` with the role and the article
    where the pack names another role, `ActRefused` where its state does not allow the act.
    """
    await session.execute(text(LOCK))
    order = await session.get(Order, order_id, with_for_update=True)
    await require_shown(session, runtime, caller, Order.id, [order_id])
    assert order is not None, "it was shown"
    # The place that a ticket was handed to reads its orders; the one that accepted it acts (B12).
    if not caller.is_of_unit and not covers(caller.jurisdiction, order.jurisdiction):
        raise NotFound
    if caller.is_of_unit and order.state not in EFFECTIVE_STATES:
        raise NotFound
    law = await runtime.law_book.read_in(session)
    pack = law.pack(order.policy)
    assert pack is not None, "a pack is never forgotten"
    rung = pack.supervision.rung(OrderKind(order.kind))
    assert rung is not None, "an order stands on a rung of its pack"
    _require(caller, act, rung)
    state = OrderState(order.state)
    if (state, act) not in TRANSITIONS:
        raise ActRefused(
            f"{rung.name.text}{CHINESE_STATES[state]}，不能{CHINESE_ACTS[act]}。",
            allowed=allowed(state),
        )
    at = await runtime.clock.now(session)
    return Turn(session, runtime.source, caller, order, at, law, pack, rung)


async def sign_order(turn: Turn) -> None:
    """The role that the pack names signs: the order takes its number and has effect."""
    order, at = turn.order, turn.at
    connection = await connection_of(turn.session)
    year = local(at).year
    row = await connection.fetchrow(TAKE_SERIALS, [order.office], [order.kind], [year], [1])
    assert row is not None
    order.number = turn.rung.number.fill(year, row["last"])
    order.signed_by, order.signed_at = turn.caller.subject, at
    order.due_at = due_of(turn.pack, turn.rung, turn.law.calendar(order.jurisdiction), at)
    _move(turn, OrderAct.SIGN, order.number)
    detail = {"kind": order.kind, "unit": order.unit}
    entry = Entry("order.signed", str(order.id), turn.caller.subject, detail=detail)
    await note(turn.session, entry, at=at)
    issued = OrderIssued(
        number=order.number,
        kind=order.kind,
        unit=order.unit,
        due_at=order.due_at,
        jurisdiction=order.jurisdiction,
        ticket_id=order.ticket_id,
        step=None if order.step is None else Step(order.step),
        rule=order.rule,
        grounds=order.grounds,
        source_article=order.source,
        signed_by=turn.caller.subject,
    )
    await _say(turn, issued)


async def drop_order(turn: Turn, *, reason: str) -> None:
    """The draft does not take effect; the reason stays with it."""
    _move(turn, OrderAct.DROP, reason)


async def answer_order(turn: Turn, *, answer: str) -> None:
    """The unit answers; after `due_at` it is late, and says so."""
    order = turn.order
    assert order.due_at is not None
    assert order.number is not None
    order.answer, order.answered_by = answer, turn.caller.subject
    order.answered_at, order.is_late = turn.at, turn.at > order.due_at
    _move(turn, OrderAct.ANSWER, answer)
    answered = OrderAnswered(
        number=order.number,
        text=answer,
        unit=order.unit,
        is_late=order.is_late,
        answered_by=turn.caller.subject,
        # What is being verified is no ticket yet.
        ticket_id=None if order.step == Step.VERIFY else order.ticket_id,
    )
    await _say(turn, answered)


async def accept_answer(turn: Turn, *, note: str) -> None:
    """The answer is enough: the order is done with."""
    _move(turn, OrderAct.ACCEPT, note)


async def reject_answer(turn: Turn, *, reason: str, climbs: bool) -> list[UUID]:
    """The unit must answer again, with its time anew; `climbs` drafts the next rung as well.

    Returns the ids of what was drafted. Raises `Malformed` where the pack has no next rung.
    """
    order = turn.order
    drafted: list[UUID] = []
    if climbs:
        row = {name: getattr(order, name) for name in Order.__table__.columns.keys()}  # noqa: SIM118
        cause = unanswered(row, turn.law, outcome=f"反馈未被认可：{reason}")
        if cause is None:
            raise field_error(
                "climbs", "no_higher_rung", f"{turn.rung.name.text}之上没有下一级督办"
            )
        cause = cause._replace(raised_by=turn.caller.subject, traceparent=current_traceparent())
        drafted = await raise_orders(
            await connection_of(turn.session), [cause], turn.law, source=turn.source, now=turn.at
        )
    order.due_at = due_of(turn.pack, turn.rung, turn.law.calendar(order.jurisdiction), turn.at)
    order.answer = order.answered_by = order.answered_at = order.is_late = None
    order.is_overdue = False
    _move(turn, OrderAct.REJECT_ANSWER, reason)
    return drafted


async def raise_by_person(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, request: Request
) -> Order:
    """Draft an order on a ground that only a person can see (ZY 25.2, 26.2, 27).

    Raises `Malformed` for an unknown unit or ground, `NotFound` for what is not of the caller's
    place, and `OrderOpen`.
    """
    await session.execute(text(LOCK))
    at = await runtime.clock.now(session)
    law = await runtime.law_book.read_in(session)
    jurisdiction, pack = await _place(session, request, law, caller=caller, at=at)
    ground = _ground(pack, request.ground)
    cause = Cause(
        pack=pack,
        ground=ground,
        unit=request.unit,
        matter=ground.code if request.ticket_id is None else str(request.ticket_id),
        jurisdiction=jurisdiction,
        evidence={"statement": request.evidence},
        ticket_id=request.ticket_id,
        raised_by=caller.subject,
        traceparent=current_traceparent(),
    )
    connection = await connection_of(session)
    drafted = await raise_orders(connection, [cause], law, source=runtime.source, now=at)
    if not drafted:
        raise OrderOpen
    return await session.get_one(Order, drafted[0])


async def _place(
    session: AsyncSession, request: Request, law: Law, *, caller: Principal, at: datetime
) -> tuple[str, Pack]:
    """Where the matter belongs and the pack that holds: the ticket's own, else the one in force."""
    known = await session.get(Unit, request.unit)
    if known is None:
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if request.ticket_id is None:
        if not caller.sees(known.jurisdiction, None):
            raise NotFound
        return known.jurisdiction, law.in_force(known.jurisdiction, at)
    clock = await session.get(TicketClock, request.ticket_id)
    if clock is None or not caller.sees(clock.jurisdiction, None, secrecy=clock.secrecy):
        raise NotFound
    pack = law.pack(clock.policy)
    assert pack is not None, "a pack is never forgotten"
    return clock.jurisdiction, pack


def _ground(pack: Pack, code: str) -> Ground:
    grounds = pack.supervision.grounds
    known = codes_of(grounds, Trigger.PERSON)
    if code not in known:
        raise field_error(
            "ground", "unknown_ground", f"可由人提出的情形：{'、'.join(known)}（{pack.document}）"
        )
    return next(one for one in grounds if one.code == code)


def _require(caller: Principal, act: OrderAct, rung: Rung) -> None:
    """Who may: the pack's role signs, the unit answers, the hotline office does the rest."""
    signer = None if rung.signed_by is None else rung.signed_by.value
    if act is OrderAct.SIGN and signer is not None:
        if caller.role is not signer:
            raise NotAllowed(why_not_sign(rung), allowed=[str(signer)])
        return
    roles = UNITS if act is OrderAct.ANSWER else (Role.SUPERVISOR, signer)
    if caller.role not in roles:
        names = "、".join(CHINESE[role] for role in roles if role is not None)
        raise NotAllowed(
            f"{rung.name.text}须由{names}{CHINESE_ACTS[act]}（{article(rung.name.source)}）。",
            allowed=[str(role) for role in roles if role is not None],
        )


def _move(turn: Turn, act: OrderAct, words: str) -> None:
    order = turn.order
    order.state = TRANSITIONS[OrderState(order.state), act]
    entry: dict[str, Any] = {"act": act, "by": turn.caller.subject, "text": words}
    order.history = [*order.history, entry | {"at": turn.at.isoformat()}]


async def _say(turn: Turn, payload: SlaPayload) -> None:
    order = turn.order
    order.sequence += 1
    event = Event(
        source=turn.source,
        subject=str(order.id),
        sequence=order.sequence,
        time=turn.at,
        data=payload,
        traceparent=current_traceparent(),
    )
    await outbox.add(turn.session, event)
