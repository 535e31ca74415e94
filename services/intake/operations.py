"""What intake does to its tables. Only the edge commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import rules
from services.intake.models import ENDED_STATES, Jurisdiction, Ticket
from services.intake.origins.rules import is_theirs, refusal_of_home
from services.intake.sight import is_seen
from shared import audit, outbox
from shared.clock import Clock
from shared.database import Connection
from shared.events.chinese import CHINESE
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.words import Act, State
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround
from shared.problems import ActRefused, NotFound, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent

MOVE = f"""UPDATE tickets SET state = m.state, unit = coalesce(m.unit, tickets.unit),
    ended_at = CASE WHEN m.state IN ({ENDED_STATES})
        THEN coalesce($4::timestamptz, clock_timestamp()) END
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS m (id, state, unit) WHERE tickets.id = m.id"""
KEEP_ARTICLES = """INSERT INTO articles (id, jurisdiction, is_published)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bool[])
ON CONFLICT (id) DO UPDATE SET is_published = excluded.is_published"""

KEEP_UNITS = """INSERT INTO units (code, name, jurisdiction, is_active, superior)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, jurisdiction = excluded.jurisdiction,
    is_active = excluded.is_active, superior = excluded.superior"""


@dataclass(frozen=True, slots=True)
class Acted:
    """A ticket after an act of the caller's side."""

    ticket: Ticket
    sequence: int


async def put_jurisdiction(session: AsyncSession, code: str, name: str) -> None:
    """Take requests of a place from now on."""
    row = insert(Jurisdiction).values(code=code, name=name)
    await session.execute(
        row.on_conflict_do_update(index_elements=["code"], set_={"name": row.excluded.name})
    )


async def lock_ticket(session: AsyncSession, ticket_id: UUID) -> Ticket:
    """The ticket, its row locked until the end. Raises `NotFound`."""
    ticket = await session.get(Ticket, ticket_id, with_for_update=True)
    if ticket is None:
        raise NotFound
    return ticket


async def lock_own_ticket(session: AsyncSession, ticket_id: UUID, caller: Principal) -> Ticket:
    """The same, where it is the caller's to see. Raises `NotFound`."""
    ticket = await lock_ticket(session, ticket_id)
    if not is_theirs(caller.role, caller.subject, ticket.home):
        raise NotFound
    if not is_seen(ticket, caller):
        raise NotFound
    return ticket


async def record_look(
    session: AsyncSession, clock: Clock, ticket_id: UUID, *, by: str, purpose: str
) -> None:
    """Write down who saw a caller's identity and why, before it is shown (ZY 22)."""
    at = await clock.now(session)
    entry = audit.Entry("caller.revealed", str(ticket_id), by, purpose)
    await audit.note(session, entry, at=at)


async def move_tickets(
    connection: Connection,
    moves: Sequence[tuple[UUID, State, str | None]],
    *,
    now: datetime | None,
) -> None:
    """Keep the states that dispatch said, and the units where it named them."""
    await connection.execute(
        MOVE,
        [ticket_id for ticket_id, _, _ in moves],
        [str(state) for _, state, _ in moves],
        [unit for _, _, unit in moves],
        now,
    )


async def keep_articles(connection: Connection, articles: Sequence[tuple[UUID, str, bool]]) -> None:
    """Keep which articles answer."""
    await connection.execute(
        KEEP_ARTICLES,
        [article_id for article_id, _, _ in articles],
        [jurisdiction for _, jurisdiction, _ in articles],
        [is_published for _, _, is_published in articles],
    )


async def keep_units(connection: Connection, units: Sequence[UnitChanged]) -> None:
    """Keep the units that can be asked, whether they work, and who stands above them."""
    rows = [(one.code, one.name, one.jurisdiction, one.is_active, one.superior) for one in units]
    await connection.execute(KEEP_UNITS, *zip(*rows, strict=True))


def ground_of(pack: Pack, code: str, field: str) -> ScopeGround:
    """A ground of the pack by its code (A3). Raises `Malformed`, naming the codes it has."""
    found = next((one for one in pack.scope if one.code == code), None)
    if found is None:
        known = "、".join(one.code for one in pack.scope)
        raise field_error(field, "unknown_ground", f"{pack.name}没有这种情形；可用：{known}")
    return found


def require_act(ticket: Ticket, act: Act) -> None:
    """Raise `ActRefused`, with the acts that it allows, where the ticket's state does not.

    Of a ticket that is at home at another platform, that one asks the caller.
    """
    elsewhere = refusal_of_home(act, ticket.home)
    if elsewhere is not None:
        raise ActRefused(elsewhere, allowed=[])
    state = State(ticket.state)
    allowed = rules.ALLOWED.get(state, ())
    if act not in allowed:
        raise ActRefused(
            f"工单{CHINESE[state]}，不能{CHINESE[act]}。", allowed=[str(one) for one in allowed]
        )


async def say(
    session: AsyncSession, runtime: Runtime, ticket: Ticket, at: datetime, payload: Payload
) -> Acted:
    """Say the next event of a ticket whose row is locked, in its gap-free order."""
    ticket.sequence += 1
    event: Event[Any] = Event(
        runtime.source, str(ticket.id), ticket.sequence, at, payload, current_traceparent()
    )
    await outbox.add(session, event)
    return Acted(ticket, ticket.sequence)
