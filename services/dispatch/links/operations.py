"""Linking tickets to a main one and splitting them off (A8), under the locks on all their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.operations import Turn, say
from services.dispatch.acts.rules import open_to, refusal
from services.dispatch.co_handling.batches import end_many
from services.dispatch.dispatching.operations import send_by_rule
from services.dispatch.links.following import NO_ROUND, follow
from services.dispatch.links.rules import OPEN, kind_of
from services.dispatch.models import Ticket
from services.dispatch.rules import SYSTEM, TRANSITIONS, state_after
from services.dispatch.sight.rules import is_seen
from services.dispatch.timeline.operations import time_of_batch
from services.dispatch.timeline.saying import Said, say_many
from shared.database import connection_of
from shared.events.chinese import CHINESE
from shared.events.kinds import Link
from shared.events.loop import TicketAskedAgain, TicketLinked, TicketSplit
from shared.events.words import Act, State
from shared.inbox import Heard
from shared.policy.law import Law
from shared.problems import ActRefused, NotFound, Problem, Unavailable, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

ATTEMPTS_MAX = 5
LINK = f"""UPDATE tickets SET state = $2, main = $3, linked_at = $4, link_kind = g.kind,
    unit = NULL, rule = NULL, dispatched_at = NULL, co_units = '{{}}', {NO_ROUND}
FROM unnest($1::uuid[], $5::text[]) AS g (id, kind) WHERE tickets.id = g.id"""
# What goes with a ticket that is linked goes with its main one from now on.
TAKE_ALONG = """UPDATE tickets SET main = $2 WHERE main = ANY($1::uuid[]) AND state = 'linked'
RETURNING id, link_kind"""
# What repeats a ticket that is split off goes with it again.
TAKE_BACK = """UPDATE tickets SET main = $1
WHERE main = $2 AND repeats = $1 AND state = 'linked' AND link_kind = 'repeat'
RETURNING id, link_kind"""


class MainNotOpen(Problem):
    """The main ticket can take no other along any more."""

    status = 409
    code = "main_not_open"
    detail = "主工单已答复或者已结束，不能再并入。"


@dataclass(frozen=True, slots=True)
class Joining:
    """Tickets that somebody links: the main one and each other, all locked; why and by whom."""

    session: AsyncSession
    caller: Principal
    source: str
    law: Law
    main: Ticket
    tickets: Mapping[UUID, Ticket]
    reason: str
    clock: Heard


async def open_joining(
    session: AsyncSession,
    runtime: Runtime,
    *,
    caller: Principal,
    main_id: UUID,
    ids: Sequence[UUID],
    reason: str,
) -> Joining:
    """Lock tickets and the main one that they are to go with, in the order of their ids.

    A main ticket that is linked itself stands for the one that it is linked to. Raises `NotFound`
    for one that is not the caller's, `MainNotOpen`.
    """
    main, tickets = await _lock(session, main_id, ids)
    if main is None or not is_seen(main, caller):
        raise NotFound(f"没有主工单 {main_id}，或不在您的权限范围内。")
    if main.state not in OPEN:
        raise MainNotOpen(f"主工单 {main.number} {CHINESE[main.state]}，不能再并入。")
    heard = Heard(await connection_of(session), runtime.clock.stepped)
    law = await runtime.law_book.read_in(session)
    return Joining(session, caller, runtime.source, law, main, tickets, reason, heard)


async def join(joining: Joining, ids: Sequence[UUID]) -> dict[UUID, Problem | None]:
    """Link those that can be linked; for each why not, or none (A8).

    A linked ticket has no unit and no clock of its own until it is split off or redone.
    """
    results = {ticket_id: _refusal_of(joining, ticket_id) for ticket_id in ids}
    linked = [joining.tickets[one] for one, problem in results.items() if problem is None]
    if linked:
        await _link(joining, linked)
    return results


async def link_ticket(joining: Joining, ticket_id: UUID) -> Ticket:
    """Link one ticket. Raises what refuses it."""
    problem = (await join(joining, [ticket_id]))[ticket_id]
    if problem is not None:
        raise problem
    ticket = joining.tickets[ticket_id]
    await joining.session.refresh(ticket)
    return ticket


async def split_ticket(turn: Turn, *, reason: str) -> None:
    """Let a linked ticket go its own way: it waits for dispatch anew, and a rule may match it.

    What the same caller asked again about it goes with it. Its time for dispatch begins with the
    split (decision of ours).
    """
    ticket, main = turn.ticket, turn.ticket.main
    assert main is not None, "a linked ticket has a main one"
    ticket.state = state_after(ticket.state, Act.SPLIT)
    ticket.main = ticket.link_kind = ticket.linked_at = None
    ticket.split_at = turn.at
    data = TicketSplit(main=main, reason=reason, split_by=turn.caller.subject)
    await say(turn, data, text=reason, detail={"main": str(main)})
    await send_by_rule(turn)
    connection = await connection_of(turn.session)
    rows = await connection.fetch(TAKE_BACK, ticket.id, main)
    said = [
        Said(
            row["id"],
            TicketLinked(
                main=ticket.id, kind=Link(row["link_kind"]), unit=ticket.unit, linked_by=SYSTEM
            ),
            by=SYSTEM,
            detail={"main": str(ticket.id), "number": ticket.number},
        )
        for row in rows
    ]
    await say_many(Heard(connection, turn.at), said, source=turn.source, at=turn.at)


async def follow_main(turn: Turn) -> None:
    """Let what is linked to the ticket follow what became of it in this act."""
    heard = Heard(await connection_of(turn.session), turn.at)
    await follow(heard, [turn.ticket.id], law=turn.law, source=turn.source)


async def _lock(
    session: AsyncSession, main_id: UUID, ids: Sequence[UUID]
) -> tuple[Ticket | None, dict[UUID, Ticket]]:
    """All of them locked at once, in the order of their ids, so that nobody waits in a circle."""
    root_of = select(Ticket.state, Ticket.main).where(Ticket.id == main_id)
    for _ in range(ATTEMPTS_MAX):
        known = (await session.execute(root_of)).one_or_none()
        if known is None:
            return None, {}
        root_id = known.main if known.state is State.LINKED else main_id
        rows = await session.scalars(
            select(Ticket)
            .where(Ticket.id.in_({root_id, main_id, *ids}))
            .order_by(Ticket.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        locked = {row.id: row for row in rows}
        named, root = locked[main_id], locked[root_id]
        # Somebody may have linked or split one of them between the two looks.
        is_same = root is named or (named.state is State.LINKED and named.main == root_id)
        if is_same and root.state is not State.LINKED:
            return root, {one: locked[one] for one in ids if one in locked}
    raise Unavailable


def _refusal_of(joining: Joining, ticket_id: UUID) -> Problem | None:
    ticket, main, caller = joining.tickets.get(ticket_id), joining.main, joining.caller
    if ticket is None or not is_seen(ticket, caller):
        return NotFound()
    if ticket is main:
        return field_error("main", "itself", "工单不能并入自己")
    pack = joining.law.pack(ticket.policy or "")
    refused = refusal(Act.LINK, ticket, pack, asker=caller)
    if refused is not None:
        return ActRefused(refused, allowed=open_to(ticket, pack, asker=caller))
    if ticket.about_unit != main.about_unit:
        # The unit complained of would read the complaint with its reply (XS 三(四)).
        return field_error("main", "other_complaint", "被投诉的单位不同，不能并入同一主工单")
    return None


async def _link(joining: Joining, tickets: Sequence[Ticket]) -> None:
    main, heard, by = joining.main, joining.clock, joining.caller.subject
    at = await time_of_batch(heard)
    kinds = {one.id: kind_of(one.caller_id, main.caller_id) for one in tickets}
    linked = TRANSITIONS[State.ACCEPTED, Act.LINK]
    along = await heard.connection.fetch(TAKE_ALONG, list(kinds), main.id)
    await end_many(heard.connection, list(kinds))
    await heard.connection.execute(
        LINK, list(kinds), linked, main.id, at, [str(kind) for kind in kinds.values()]
    )
    detail = {"main": str(main.id), "number": main.number}
    trace = current_traceparent()
    said = []
    for ticket_id, kind in kinds.items():
        data = TicketLinked(
            main=main.id, kind=kind, unit=main.unit, reason=joining.reason, linked_by=by
        )
        told = detail | {"kind": kind}
        said.append(Said(ticket_id, data, by, None, joining.reason, told, trace))
        if kind is Link.REPEAT:
            again = TicketAskedAgain(unit=main.unit, repeat=ticket_id, kind=kind)
            said.append(Said(main.id, again, by, detail={"repeat": str(ticket_id)}))
    for row in along:
        kind = Link(row["link_kind"])
        data = TicketLinked(main=main.id, kind=kind, unit=main.unit, linked_by=SYSTEM)
        said.append(Said(row["id"], data, SYSTEM, detail=detail | {"kind": kind}))
    await say_many(heard, said, source=joining.source, at=at)
