"""What becomes of open cases when their tickets end another way; set-based, on asyncpg."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.rules import SYSTEM
from shared.inbox import Heard

CLOSE = """UPDATE cases SET state = 'dropped', dropped_because = $2, closed_by = $3, closed_at = $4
WHERE ticket_id = ANY($1::uuid[]) AND state = 'open'"""


async def close_cases(
    heard: Heard, ticket_ids: Sequence[UUID], *, because: str, at: datetime
) -> None:
    """Close the cases of tickets, whose rows are locked, that the group need not decide now."""
    await heard.connection.execute(CLOSE, ticket_ids, because, SYSTEM, at)
