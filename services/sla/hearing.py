"""What the handlers of sla share: clocks locked, the law at hand, times that begin."""

from collections.abc import Sequence
from uuid import UUID

from services.sla.operations import Done, LockedClock, lock_clocks, start_deadlines
from services.sla.promises.operations import lay_promises
from services.sla.rules import Act, Start, starts_from
from shared.events.envelope import Event, Payload
from shared.events.words import Step
from shared.inbox import Heard, Wait
from shared.policy.law import Law
from shared.policy.model import Pack
from shared.runtime import Runtime

Clocks = dict[UUID, LockedClock]


async def lock(
    heard: Heard, events: Sequence[Event[Payload]], *, is_accepted: bool = True
) -> tuple[Clocks, list[Done]]:
    """The clocks of the events' tickets, locked, and when each event happened.

    Raises `Wait` where a ticket was not heard of, or, with `is_accepted`, its acceptance was not.
    """
    done = [Done(UUID(event.subject), event.time) for event in events]
    ticket_ids = [one.ticket_id for one in done]
    return await lock_clocks(heard.connection, ticket_ids, is_accepted=is_accepted), done


async def law_of(runtime: Runtime, heard: Heard) -> Law:
    """The law as it stands in the transaction at hand."""
    return await runtime.law_book.read(heard.connection)


def pack_of(law: Law, policy: str) -> Pack:
    """The pack of a content hash. Raises `Wait` where it was not heard of yet."""
    pack = law.pack(policy)
    if pack is None:
        raise Wait(f"policy {policy} was not heard of")
    return pack


async def start_from(
    runtime: Runtime, heard: Heard, act: Act, done: Sequence[Done], clocks: Clocks
) -> None:
    """Let everything run that runs from an act which was done."""
    if not done:
        return
    law = await law_of(runtime, heard)
    starts: list[tuple[UUID, Start]] = []
    for ticket_id, at in done:
        clock = clocks[ticket_id]
        pack, calendar = pack_of(law, clock.policy), law.calendar(clock.jurisdiction)
        limit = clock.law_limit
        started = starts_from(pack, calendar, clock.matter, act, at=at, law_limit=limit)
        starts += [(ticket_id, start) for start in started]
    await start_deadlines(heard.connection, starts)
    await show_promises(heard, law, starts)


async def show_promises(heard: Heard, law: Law, starts: Sequence[tuple[UUID, Start]]) -> None:
    """Lay what units promised beside the handling times among those that began (C9)."""
    handled = [ticket_id for ticket_id, start in starts if start.step is Step.HANDLE]
    if handled:
        await lay_promises(heard.connection, law, handled)
