"""The type or the urgency of a request was corrected."""

from uuid import UUID

from services.sla.corrections.operations import (
    Corrected,
    correct_clocks,
    find_present,
    hide_clocks,
    relabel_clocks,
)
from services.sla.corrections.rules import Standing, correct
from services.sla.hearing import Clocks, law_of, lock, pack_of
from services.sla.operations import Done, LockedClock, replace_deadlines, settle, start_deadlines
from services.sla.promises.operations import forget_promises, lay_promises
from services.sla.rules import News, Start
from shared.events.envelope import Event
from shared.events.intake import TicketAmended
from shared.events.words import Step
from shared.inbox import Heard
from shared.policy.deadlines import Matter
from shared.runtime import Runtime


async def on_ticket_amended(
    runtime: Runtime, heard: Heard, events: list[Event[TicketAmended]]
) -> None:
    """Move what another type or urgency moves; an addition in words moves nothing."""
    labels = {UUID(e.subject): e.data.secrecy for e in events if e.data.secrecy is not None}
    if labels:
        await relabel_clocks(heard.connection, labels)
    about = {UUID(e.subject): e.data.about_unit for e in events if e.data.about_unit is not None}
    if about:
        await hide_clocks(heard.connection, about)
    amended = [event for event in events if _speaks_of_matter(event.data)]
    if not amended:
        return
    clocks, _ = await lock(heard, amended, is_accepted=False)
    changed = {
        UUID(event.subject): (event, after)
        for event in amended
        if (after := _after(clocks, event)) != clocks[UUID(event.subject)].matter
    }
    if not changed:
        return
    await correct_clocks(
        heard.connection,
        [
            Corrected(ticket_id, after.type, after.urgency, after.enforcement)
            for ticket_id, (_, after) in changed.items()
        ],
    )
    law = await law_of(runtime, heard)
    corrected_at = {ticket_id: event.time for ticket_id, (event, _) in changed.items()}
    present = await find_present(heard.connection, corrected_at)
    replaced: list[tuple[UUID, Start]] = []
    started: list[tuple[UUID, Start]] = []
    stopped: dict[Step, list[Done]] = {}
    for ticket_id, (event, after) in changed.items():
        clock = clocks[ticket_id]
        correction = correct(
            pack_of(law, clock.policy),
            law.calendar(clock.jurisdiction),
            matters=(clock.matter, after),
            present=present[ticket_id],
            standing=_standing(clock),
            law_limit=clock.law_limit,
            at=event.time,
        )
        replaced += [(ticket_id, start) for start in correction.replaced]
        started += [(ticket_id, start) for start in correction.started]
        for step in correction.stopped:
            stopped.setdefault(step, []).append(Done(ticket_id, event.time))
    await replace_deadlines(heard.connection, replaced)
    await start_deadlines(heard.connection, started)
    retyped = [one for one, (_, after) in changed.items() if after.type != clocks[one].matter.type]
    if retyped:
        await forget_promises(heard.connection, retyped)
        await lay_promises(heard.connection, law, retyped)
    for step, done in stopped.items():
        await settle(heard.connection, News.STOPPED, [step], done)


def _speaks_of_matter(amended: TicketAmended) -> bool:
    values = (amended.request_type, amended.urgency, amended.is_enforcement)
    return any(value is not None for value in values)


def _after(clocks: Clocks, event: Event[TicketAmended]) -> Matter:
    before, amended = clocks[UUID(event.subject)].matter, event.data
    return before._replace(
        type=amended.request_type or before.type,
        urgency=amended.urgency or before.urgency,
        enforcement=before.enforcement
        if amended.is_enforcement is None
        else amended.is_enforcement,
    )


def _standing(clock: LockedClock) -> Standing:
    moments = (clock.replied_at, clock.interim_at)
    return Standing(
        dispatched_at=clock.dispatched_at,
        signed_at=clock.signed_at,
        is_handled=clock.is_closed or any(moment is not None for moment in moments),
        is_at_unit=clock.unit is not None,
    )
