"""What federation does when a ticket's words are erased here, whether it is at home here or not."""

from collections.abc import Sequence
from uuid import UUID

from services.gateway.exchange.consumer import telling
from services.gateway.exchange.erasing import erase_queued, erase_received
from services.gateway.exchange.operations import LOCK
from services.gateway.exchange.outgoing import queue
from services.gateway.federation import files
from services.gateway.federation.rules import Peer, goes_onward
from shared.erasure import Words, statement
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.inbox import Heard

CROSSED = """SELECT peer, origin_ticket::text AS subject FROM forwarded_in
WHERE ticket_id = ANY($1::uuid[])
UNION SELECT peer, ticket_id::text FROM forwarded_out WHERE ticket_id = ANY($1::uuid[])
ORDER BY peer, subject"""
# Long after the ticket left it: whoever was told of it may have its words.
TOLD = """SELECT DISTINCT s.subject, f.peer, p.kind FROM forwarded_out f
JOIN outgoing_subjects s ON (s.peer, s.subject) = (f.peer, f.ticket_id::text)
LEFT JOIN peers p ON p.code = f.peer WHERE f.ticket_id = ANY($1::uuid[]) ORDER BY s.subject"""
OF_TICKETS = """told ->> 'ticket_id' = ANY(($1::uuid[])::text[] || ARRAY(
    SELECT origin_ticket::text FROM forwarded_in WHERE ticket_id = ANY($1::uuid[])))"""
TABLES = (
    Words("forwarded_out", text=("reason",)),
    Words("orders_in", text=("answer",), json=("told",), where=OF_TICKETS),
    Words("forwarded_in", json=("told",)),
)


async def on_ticket_erased(heard: Heard, events: Sequence[Event[TicketErased]]) -> None:
    """The words leave all that waits in both directions; who handled the ticket is told.

    Messages of the platform where it is at home stand under its number there.
    """
    connection, ids = heard.connection, [UUID(event.subject) for event in events]
    crossed = [(row["peer"], row["subject"]) for row in await connection.fetch(CROSSED, ids)]
    for peer in dict.fromkeys(peer for peer, _ in crossed):
        await connection.execute(LOCK, peer)
    subjects = {event.subject for event in events} | {subject for _, subject in crossed}
    await erase_queued(connection, sorted(subjects))
    await erase_received(connection, crossed)
    for words in TABLES:
        await connection.execute(statement(words), ids)
    await files.forget(connection, ids)
    said = {event.subject: event for event in events}
    await queue(
        connection,
        [
            telling(row["peer"], said[row["subject"]])
            for row in await connection.fetch(TOLD, ids)
            if goes_onward(Peer(row["peer"], row["kind"] or ""), said[row["subject"]])
        ],
    )
