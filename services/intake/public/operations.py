"""Letting a caller in by number and query code: the same work whatever is true."""

import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.attachments.operations import Person, attach
from services.intake.channels.rules import PUBLIC
from services.intake.identity import Vault
from services.intake.models import Amendment, Caller, Ticket
from services.intake.notices.rules import CODE_PLACE
from services.intake.operations import Acted, lock_ticket, require_act, say
from services.intake.progress.operations import note
from services.intake.public.rules import slot_of
from services.intake.rules import normal_phone, query_code
from shared import notices
from shared.events.intake import TicketAmended
from shared.events.kinds import AttachmentKind
from shared.events.words import Act, State
from shared.notices import Notice, NoticeKind
from shared.problems import NotFound, TooManyTries
from shared.runtime import Runtime

NOBODY = UUID(int=0)
"""Stands for the ticket of a number that is not in use."""
BY_CALLER = "caller"
CODE_SENT = "query_code"
# The try is counted before it is looked at: guesses side by side see each other.
# Real time, whatever the clock of a simulation says.
TAKE = text("""INSERT INTO tries AS t (slot, tries, last_at, next_at)
SELECT :slot, 1, now, now FROM clock_timestamp() AS now
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
WAIT = text("SELECT next_at - clock_timestamp() FROM tries WHERE slot = :slot")
GIVE_BACK = text("""UPDATE tries SET tries = greatest(tries - 1, 0), next_at = clock_timestamp()
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
    settings = runtime.settings
    slot = slot_of(number, vault.query_code_key)
    taken = await session.scalar(
        TAKE,
        {
            "slot": slot,
            "forget": timedelta(seconds=settings.public_forget_seconds),
            "free": settings.public_tries_free,
            "first": timedelta(seconds=settings.public_delay_seconds),
            "longest": timedelta(seconds=settings.public_delay_seconds_max),
        },
    )
    if taken is None:
        wait: timedelta = (await session.scalars(WAIT, {"slot": slot})).one()
        raise TooManyTries(max(1, math.ceil(wait.total_seconds())))


async def let_in(session: AsyncSession, vault: Vault, *, number: str, code: str) -> Guest:
    """Who brings the right code. Raises `NotFound` for a wrong one and for an unknown number.

    Both take the same statements and the same comparison.
    """
    found = await session.scalar(select(Ticket.id).where(Ticket.number == number))
    expected = query_code(found or NOBODY, vault.query_code_key)
    is_right = hmac.compare_digest(expected.encode(), code.encode())
    if found is None or not is_right:
        raise NotFound
    slot = slot_of(number, vault.query_code_key)
    await session.execute(GIVE_BACK, {"slot": slot})
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


async def add_words(
    session: AsyncSession, runtime: Runtime, guest: Guest, words: str, *, files: Sequence[UUID]
) -> Acted:
    """The caller adds words to their request, and files that they uploaded (ZY 5).

    Raises `ActRefused` for what is over, `Malformed` for files that were not uploaded so.
    """
    ticket = await lock_ticket(session, guest.ticket_id)
    require_act(ticket, Act.AMEND)
    at = await runtime.clock.now(session)
    session.add(Amendment(ticket_id=ticket.id, at=at, by=BY_CALLER, addition=words))
    data = TicketAmended(addition=words)
    note(session, ticket.id, data.type, at, {"addition": words})
    if ticket.state == State.VERIFYING:
        ticket.content = f"{ticket.content}\n补充：{words}"
    else:
        await say(session, runtime, ticket, at, data)
    if files:
        by, kind = Person(PUBLIC), AttachmentKind.EVIDENCE
        await attach(session, runtime, ticket, files, kind=kind, by=by)
    return Acted(ticket, ticket.sequence)
