"""What sla hears of links and of terminated matters."""

from services.sla.hearing import lock, start_from
from services.sla.links.operations import record_links
from services.sla.operations import close_clocks, settle
from services.sla.rules import UNIT_STEPS, Act, News
from shared.events.dispatch import TicketTerminated
from shared.events.envelope import Event
from shared.events.loop import TicketLinked, TicketSplit
from shared.events.words import Step
from shared.inbox import Heard
from shared.runtime import Runtime


async def on_ticket_linked(heard: Heard, events: list[Event[TicketLinked]]) -> None:
    """It goes with another: it needs no dispatch, and no time of its own runs (ours)."""
    _, done = await lock(heard, events)
    await settle(heard.connection, News.DONE, [Step.DISPATCH], done)
    await settle(heard.connection, News.STOPPED, UNIT_STEPS, done)
    await record_links(heard.connection, done)


async def on_ticket_split(runtime: Runtime, heard: Heard, events: list[Event[TicketSplit]]) -> None:
    """It waits for dispatch again, with the time for that anew from the split (ours)."""
    clocks, done = await lock(heard, events)
    await start_from(runtime, heard, Act.ACCEPT, done, clocks)


async def on_ticket_terminated(heard: Heard, events: list[Event[TicketTerminated]]) -> None:
    """The unit handled the matter and filed it as terminated: that ends its times (ZY 15)."""
    _, done = await lock(heard, events)
    handled = [Step.RESPOND, Step.HANDLE, Step.RESULT, Step.PROGRESS]
    await settle(heard.connection, News.DONE, handled, done)
    await settle(heard.connection, News.STOPPED, [Step.SIGN, Step.FOLLOW_UP], done)
    await close_clocks(heard.connection, done)
