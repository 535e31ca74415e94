"""What other platforms are told of what happens here: queued in the event's own transaction."""

import time
from typing import Any

from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.exchange.rules import HIDDEN
from services.gateway.federation.rules import Peer, told
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.intake import Filed
from shared.exchange import kind_of
from shared.inbox import Handler, Heard

PEERS = "SELECT code, kind, unit FROM peers WHERE is_active AND url IS NOT NULL ORDER BY code"
LOOK_SECONDS = 1.0


class Peers:
    """Whom there is to tell, looked up at most once in `LOOK_SECONDS`.

    A peer that is new is told of what is heard a second after it was registered.
    """

    def __init__(self) -> None:
        self._found: tuple[Peer, ...] = ()
        self._until = 0.0

    async def get(self, connection: Connection) -> tuple[Peer, ...]:
        """The peers that are active and have an address."""
        if time.monotonic() >= self._until:
            rows = await connection.fetch(PEERS)
            self._found = tuple(
                Peer(row["code"], row["kind"], frozenset({row["unit"]} - {None})) for row in rows
            )
            self._until = time.monotonic() + LOOK_SECONDS
        return self._found


def teller() -> Handler:
    """A handler that queues what it hears for every peer that is to be told."""
    peers = Peers()

    async def tell(heard: Heard, events: list[Event[Any]]) -> None:
        found = await peers.get(heard.connection)
        if not found:
            return
        tellings = [
            telling(peer.code, event) for event in events for peer in found if told(peer, event)
        ]
        await queue(heard.connection, tellings)

    return tell


def telling(peer: str, event: Event[Payload]) -> Telling:
    """An event as a message to a peer, without what nobody else may know."""
    data = event.data.model_dump(mode="json", exclude_none=True, exclude=set(HIDDEN))
    return Telling(
        peer=peer,
        subject=event.subject,
        kind=kind_of(type(event.data), is_filed=isinstance(event.data, Filed)),
        time=event.time,
        key=f"{event.source} {event.id}",
        type=event.data.type,
        data=data,
    )
