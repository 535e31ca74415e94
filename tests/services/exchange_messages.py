"""Messages of tickets, as a city queues or writes them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.gateway.exchange.outgoing import Telling
from shared.exchange import Kind

CITY, PROVINCE = "512000", "510000"
DAY = datetime(2026, 11, 2, 3, tzinfo=UTC)


def acts(subject: str, count: int, *, peer: str = PROVINCE, first: int = 1) -> list[Telling]:
    """What happened to one ticket, one message each."""
    return [
        Telling(
            peer=peer,
            subject=subject,
            kind=Kind.ACT,
            time=DAY + timedelta(seconds=number),
            key=f"/{CITY}/dispatch {subject}.{number}",
            type="ticket.signed",
            data={"unit": f"{CITY}-water", "signed_by": f"S{number}"},
        )
        for number in range(first, first + count)
    ]


def shuffled(tellings: Sequence[Telling], dice: random.Random) -> list[Telling]:
    """The same messages, subjects mixed; each subject in its order."""
    by_subject: dict[str, list[Telling]] = {}
    for one in tellings:
        by_subject.setdefault(one.subject, []).append(one)
    order = [one.subject for one in tellings]
    dice.shuffle(order)
    queues = {subject: iter(found) for subject, found in by_subject.items()}
    return [next(queues[subject]) for subject in order]


def line(subject: str, sequence: int, **more: Any) -> dict[str, Any]:
    """A message as the city would write it."""
    whole: dict[str, Any] = {
        "id": str(uuid4()),
        "from": CITY,
        "to": PROVINCE,
        "subject": subject,
        "sequence": sequence,
        "time": (DAY + timedelta(seconds=sequence)).isoformat(),
        "kind": "act",
        "payload": {
            "type": "ticket.signed",
            "data": {"unit": f"{CITY}-water", "signed_by": f"S{sequence}"},
        },
    }
    return whole | more
