"""Letting a caller in by number and query code: the same work whatever is true."""

import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.identity import Vault
from services.intake.models import Amendment, Caller, Ticket
from services.intake.operations import Acted, lock_ticket, require_act, say
from services.intake.progress.operations import note
from services.intake.public.rules import slot_of
from services.intake.rules import normal_phone, query_code
from shared import notices
from shared.events.intake import TicketAmended
from shared.events.words import Act, State
from shared.notices import Notice, NoticeKind
from shared.problems import NotFound, TooManyTries
from shared.runtime import Runtime

NOBODY = UUID(int=0)
"""Stands for the ticket of a number that is not in use."""
BY_CALLER = "caller"
CODE_SENT = "query_code"
CODE_PLACE = "{query_code}"
"""Where the code comes to stand when the message is sent: it is stored nowhere."""
# The try is counted before it is looked at: guesses side by side see each other.
TAKE = text("""INSERT INTO tries AS t (slot, tries, last_at, next_at) VALUES (:slot, 1, :at, :at)
ON CONFLICT (slot) DO UPDATE SET
    tries = CASE WHEN t.last_at < excluded.last_at - CAST(:forget AS interval) THEN 1
        ELSE t.tries + 1 END,
    last_at = excluded.last_at,
    next_at = excluded.last_at + CASE
        WHEN t.last_at < excluded.last_at - CAST(:forget AS interval)
            OR t.tries < CAST(:free AS int) THEN interval '0'
        ELSE least(CAST(:longest AS interval),
            CAST(:first AS interval) * (2.0 ^ least(t.tries - CAST(:free AS int), 20))) END
WHERE t.next_at <= excluded.last_at RETURNING tries""")
WAIT = text("SELECT next_at FROM tries WHERE slot = :slot")
GIVE_BACK = text("""UPDATE tries SET tries = greatest(tries - 1, 0), next_at = :at
WHERE slot = :slot""")


@dataclass(frozen=True, slots=True)
class Guest:
    """A caller who was let in to one request."""

    ticket_id: UUID

    @property
    def subject(self) -> str:
        """Under which their repeated calls are known again."""
        return f"caller:{self.ticket_id}"


async def take_try(session: AsyncSession, runtime: Runtime, vault: Vault, number: str) -> None:
    """Count a try at a number; the caller of this commits it, whatever comes after.

    Raises `TooManyTries` while the number must not be tried.
    """
    await vault.ready()
    settings, at = runtime.settings, await runtime.clock.now(session)
    slot = slot_of(number, vault.query_code_key)
    taken = await session.scalar(
        TAKE,
        {
            "slot": slot,
            "at": at,
            "forget": timedelta(seconds=settings.public_forget_seconds),
            "free": settings.public_tries_free,
            "first": timedelta(seconds=settings.public_delay_seconds),
            "longest": timedelta(seconds=settings.public_delay_seconds_max),
        },
    )
    if taken is None:
        next_at: datetime = (await session.scalars(WAIT, {"slot": slot})).one()
        raise TooManyTries(max(1, math.ceil((next_at - at).total_seconds())))


async def let_in(
    session: AsyncSession, runtime: Runtime, vault: Vault, *, number: str, code: str
) -> Guest:
    """Who brings the right code. Raises `NotFound` for a wrong one and for an unknown number.

    Both take the same statements and the same comparison.
    """
    found = await session.scalar(select(Ticket.id).where(Ticket.number == number))
    expected = query_code(found or NOBODY, vault.query_code_key)
    is_right = hmac.compare_digest(expected.encode(), code.encode())
    if found is None or not is_right:
        raise NotFound
    at = await runtime.clock.now(session)
    slot = slot_of(number, vault.query_code_key)
    await session.execute(GIVE_BACK, {"slot": slot, "at": at})
    return Guest(found)


async def send_code(
    session: AsyncSession, runtime: Runtime, vault: Vault, *, number: str, phone: str
) -> None:
    """Send the code to the number on file, where it is this one; tells nobody whether it is."""
    row = (
        await session.execute(
            select(Ticket.id, Caller.phone_index)
            .outerjoin(Caller, Caller.id == Ticket.caller_id)
            .where(Ticket.number == number)
        )
    ).one_or_none()
    ticket_id, on_file = (NOBODY, None) if row is None else (row.id, row.phone_index)
    given = vault.phone_index(normal_phone(phone))
    is_right = hmac.compare_digest(bytes(on_file or b""), given)
    words = f"您的诉求（{number}）查询码：{CODE_PLACE}。请勿告诉他人。"
    notice = Notice(NoticeKind.CALLER, str(ticket_id), ticket_id, CODE_SENT, words)
    at = await runtime.clock.now(session)
    # Written in any case, and taken back where it must not go: both take the same work.
    async with session.begin_nested() as written:
        await notices.add(session, notice, at=at)
        if not is_right:
            await written.rollback()


async def add_words(session: AsyncSession, runtime: Runtime, guest: Guest, words: str) -> Acted:
    """The caller adds to their request (ZY 5). Raises `ActRefused` for what is over."""
    ticket = await lock_ticket(session, guest.ticket_id)
    require_act(ticket, Act.AMEND)
    at = await runtime.clock.now(session)
    session.add(Amendment(ticket_id=ticket.id, at=at, by=BY_CALLER, addition=words))
    data = TicketAmended(addition=words)
    note(session, ticket.id, data.type, at, {"addition": words})
    if ticket.state == State.VERIFYING:
        ticket.content = f"{ticket.content}\n补充：{words}"
        return Acted(ticket, ticket.sequence)
    return await say(session, runtime, ticket, at, data)
