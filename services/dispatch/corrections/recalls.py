"""Taking tickets from the units that they turned out to complain of (XS 三(四), ZY 27.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.acts.operations import Turn
from services.dispatch.co_handling.batches import end_many
from services.dispatch.directory.queries import DutyBook
from services.dispatch.directory.rules import Book, is_under
from services.dispatch.dispatching.by_rule import send_many_by_rule
from services.dispatch.rules import RECALLABLE, SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import Locked, lock_ids
from services.dispatch.timeline.saying import Said, say_many
from shared.database import connection_of
from shared.events.loop import TicketRecalled
from shared.events.words import Act, State
from shared.inbox import Heard

ARTICLE = "XS 三(四)"
# What waited for a second reader or for a decision on a return waits no more. The moments of the
# round stay, as with a granted return: the caller's clock runs on until the next unit has it.
RECALL = """UPDATE tickets SET state = $2, unit = NULL, rule = NULL, co_units = '{}',
    draft = NULL, state_before_check = NULL, state_before_return = NULL
WHERE id = ANY($1::uuid[])"""
# One that is being sent at this moment is not waited for.
FORGET_NOTICES = """DELETE FROM notices WHERE id IN (
    SELECT n.id FROM notices n JOIN unnest($1::uuid[], $2::text[]) AS g (ticket_id, unit)
        ON n.ticket_id = g.ticket_id AND n.recipient = g.unit
    WHERE n.state = 'waiting' AND n.kind = 'unit' FOR UPDATE OF n SKIP LOCKED)"""


async def take_back(
    heard: Heard,
    tickets: Sequence[Locked],
    *,
    book: Book,
    source: str,
    at: datetime,
    traces: Mapping[UUID, str | None],
) -> list[Locked]:
    """Take tickets, whose rows are locked, from the unit that they are about or one below it.

    Be it the lead or one that handles with it; what was replied stays. Returns those that were
    taken, as they wait for a unit now.
    """
    taken = [one for one in tickets if one.state in RECALLABLE and _is_at_its_own(one, book)]
    if not taken:
        return []
    ids = [one.id for one in taken]
    await say_many(heard, [_recalled(one, traces) for one in taken], source=source, at=at)
    accepted = TRANSITIONS[State.SIGNED, Act.AMEND]
    await heard.connection.execute(RECALL, ids, accepted)
    await end_many(heard.connection, ids)
    told = [(one.id, unit) for one in taken for unit in _holders(one)]
    await heard.connection.execute(FORGET_NOTICES, *zip(*told, strict=True))
    return [one._replace(state=accepted, unit=None, co_units=()) for one in taken]


async def hand_up(turn: Turn) -> bool:
    """Take the ticket at hand from a unit that it is about, and send it where a rule says.

    Whether it was at one: then the unit need not be told what it should do.
    """
    if turn.ticket.about_unit is None:
        return False
    heard = Heard(await connection_of(turn.session), turn.at)
    tickets = list((await lock_ids(heard, [turn.ticket.id])).values())
    book = await DutyBook().read(heard.connection)
    taken = await take_back(heard, tickets, book=book, source=turn.source, at=turn.at, traces={})
    await send_many_by_rule(
        heard, taken, book=book, law=turn.law, source=turn.source, at=turn.at, traces={}
    )
    await turn.session.refresh(turn.ticket)
    return bool(taken)


def _is_at_its_own(ticket: Locked, book: Book) -> bool:
    return any(is_under(book.units, unit, ticket.about_unit) for unit in _holders(ticket))


def _holders(ticket: Locked) -> tuple[str, ...]:
    assert ticket.unit is not None, "a ticket in these states has a unit"
    return (ticket.unit, *ticket.co_units)


def _recalled(ticket: Locked, traces: Mapping[UUID, str | None]) -> Said:
    unit, *co_units = _holders(ticket)
    detail = {"co_units": co_units} if co_units else {}
    return Said(
        ticket.id,
        TicketRecalled(unit=unit),
        by=SYSTEM,
        text=f"诉求涉及 {ticket.about_unit}，收回后由其上级单位办理",
        detail=detail | {"about_unit": ticket.about_unit, "article": ARTICLE},
        traceparent=traces.get(ticket.id),
    )
