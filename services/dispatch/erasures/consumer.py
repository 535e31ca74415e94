"""What dispatch does when the words of a request are erased: states, times and units stay."""

from uuid import UUID

from services.dispatch.repeats import consumer as repeats
from shared.erasure import Words, erase
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.inbox import Heard

LOCK = "SELECT FROM tickets WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
OF_CASES = "case_id IN (SELECT id FROM cases WHERE ticket_id = ANY($1::uuid[]))"
TABLES = (
    Words(
        "tickets",
        text=("title", "content", "explanation", "override"),
        json=("draft",),
        nulls=("place", "caller_id"),
        where="id = ANY($1::uuid[])",
    ),
    Words("timeline", text=("text",), json=("detail",)),
    Words("co_handlers", json=("reply",)),
    Words("terminations", text=("opinion", "script", "explanation", "sent_back_because")),
    Words("lessons", text=("reason",)),
    Words(
        "cases",
        text=("reason", "opinion", "minutes", "dropped_because"),
        nulls=("report", "document"),
    ),
    Words("case_votes", text=("opinion",), where=OF_CASES),
    Words("case_signatures", text=("opinion",), where=OF_CASES),
)


async def on_ticket_erased(heard: Heard, events: list[Event[TicketErased]]) -> None:
    """The words go everywhere here, and all that similarity made of them."""
    ids = sorted(UUID(event.subject) for event in events)
    await heard.connection.execute(LOCK, ids)
    await repeats.on_ticket_erased(heard, events)
    await erase(heard.connection, events, TABLES)
