"""What a correction writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from services.sla.corrections.rules import Present
from services.sla.operations import columns
from services.sla.rules import DeadlineState
from shared.database import Connection
from shared.events.words import Step

CORRECT = """UPDATE clocks c SET request_type = a.request_type, urgency = a.urgency,
    is_enforcement = a.is_enforcement
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[])
    AS a (ticket_id, request_type, urgency, is_enforcement) WHERE c.ticket_id = a.ticket_id"""
RELABEL = """UPDATE clocks c SET secrecy = a.secrecy FROM unnest($1::uuid[], $2::text[])
    AS a (ticket_id, secrecy) WHERE c.ticket_id = a.ticket_id"""
HIDE = """UPDATE clocks c SET unit = NULL FROM unnest($1::uuid[], $2::text[])
    AS a (ticket_id, unit) WHERE c.ticket_id = a.ticket_id AND c.unit = a.unit"""
VERSIONS = """SELECT d.ticket_id, d.step, d.state, d.due_at, d.rule, d.source, d.starts_at,
    d.adjustments::text AS adjustments
FROM deadlines d JOIN clocks c USING (ticket_id)
WHERE d.ticket_id = ANY($1::uuid[]) AND d.step <> 'return'
    AND (c.linked_at IS NULL OR d.starts_at > c.linked_at)
ORDER BY d.ticket_id, d.step, d.version"""


class Corrected(NamedTuple):
    """A ticket's matter as it is from now on."""

    ticket_id: UUID
    request_type: str
    urgency: str
    is_enforcement: bool


async def correct_clocks(connection: Connection, corrected: Sequence[Corrected]) -> None:
    """Note the matters. Hold the locks on the clocks."""
    await connection.execute(CORRECT, *columns(corrected))


async def relabel_clocks(connection: Connection, labels: Mapping[UUID, str]) -> None:
    """Note who may read of some tickets from now on (F9)."""
    await connection.execute(RELABEL, list(labels), list(labels.values()))


async def hide_clocks(connection: Connection, about: Mapping[UUID, str]) -> None:
    """Note that tickets are not to be seen by their unit: they complain of it (XS 三(四))."""
    await connection.execute(HIDE, list(about), list(about.values()))


async def find_present(
    connection: Connection, corrected_at: Mapping[UUID, datetime]
) -> dict[UUID, list[Present]]:
    """The present version of each step of some tickets, in whatever state.

    What ran before a ticket went with another one stays as it is.
    """
    found: dict[UUID, dict[Step, Present]] = {ticket_id: {} for ticket_id in corrected_at}
    for row in await connection.fetch(VERSIONS, list(corrected_at)):
        steps, step = found[row["ticket_id"]], Step(row["step"])
        before = steps.get(step)
        steps[step] = Present(
            step=step,
            state=DeadlineState(row["state"]),
            due_at=row["due_at"],
            rule=row["rule"],
            source=row["source"],
            starts_at=row["starts_at"],
            adjustments=orjson.loads(row["adjustments"]),
            is_missed=_is_missed(before, row["starts_at"], corrected_at[row["ticket_id"]]),
        )
    return {ticket_id: list(steps.values()) for ticket_id, steps in found.items()}


def _is_missed(before: Present | None, starts_at: datetime, at: datetime) -> bool:
    if before is None or before.starts_at != starts_at:
        return False
    is_over = before.state in (DeadlineState.RUNNING, DeadlineState.ASKED) and before.due_at < at
    return before.is_missed or before.state is DeadlineState.OVERDUE or is_over
