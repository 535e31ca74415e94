"""Read your own acts: a call carries what its caller has seen, and waits until it was heard.

The `Ticket-Seen` header is the ticket's id, then the last sequence seen of each service:
`0198… intake=1 dispatch=4`. The gateway fills it in; a client may carry it as well.
"""

import asyncio
import time
from collections.abc import Mapping

from shared.events.words import Service
from shared.problems import NotHeardYet
from shared.runtime import Runtime, source_of

HEADER = "Ticket-Seen"
POLL_SECONDS = 0.01


def write_seen(ticket: str, seen: Mapping[str, int]) -> str:
    """The header's value."""
    return " ".join([ticket, *(f"{service}={seen[service]}" for service in sorted(seen))])


def read_seen(header: str | None) -> tuple[str, dict[str, int]]:
    """The ticket and what was seen of it; nothing where the header is none or malformed."""
    ticket, *pairs = (header or "").split() or [""]
    seen: dict[str, int] = {}
    for pair in pairs:
        service, _, sequence = pair.partition("=")
        if service in Service.__members__.values() and sequence.isdecimal() and len(sequence) < 10:
            seen[service] = int(sequence)
    return ticket, seen


async def wait_for_seen(runtime: Runtime, header: str | None, subject: str) -> None:
    """Wait until this service has heard all that the caller has seen of `subject`.

    Raises `NotHeardYet` when the bounded wait is over.
    """
    ticket, seen = read_seen(header)
    wanted = {
        source_of(runtime.settings.platform, Service(name)): sequence
        for name, sequence in seen.items()
        if name != runtime.service
    }
    if ticket != subject or not wanted:
        return
    end = time.monotonic() + runtime.settings.heard_wait_seconds_max
    while not await _has_heard(runtime, subject, wanted):
        if time.monotonic() > end:
            raise NotHeardYet
        await asyncio.sleep(POLL_SECONDS)


async def _has_heard(runtime: Runtime, subject: str, wanted: Mapping[str, int]) -> bool:
    rows = await runtime.database.pool.fetch(
        "SELECT source, sequence FROM heard WHERE subject = $1", subject
    )
    heard = {row["source"]: row["sequence"] for row in rows}
    return all(heard.get(source, 0) >= sequence for source, sequence in wanted.items())
